// The page reads without this script. It sorts, filters, compares, and keeps in the address what is
// shown.
each(document, ".benchmark", (section) => {
  makeSortable(section, section);
  makeMarkable(section);
  makeFilterable(section);
  makeSelectable(section);
  makeChoice(section, "metric", ".metric");
  makeChoice(section, "columns", ".by");
  makeChoice(section, "status", ".status");
  makeLit(section);
});
const showMetric = showing.metric;
showing.metric = (section, value) => {
  showMetric(section, value);
  fillMetric(section);
  showComparison(section);
};
// In a narrow window the rows come first, and the choices wait in one line.
const narrow = matchMedia("(max-width: 34rem)");
const openChoices = () => each(document, ".choices", (choices) => { choices.open = !narrow.matches; });
narrow.addEventListener("change", openChoices);
openChoices();
makeCopyable(document);
window.addEventListener("hashchange", () => {
  const target = openTarget();
  if (target?.matches("details")) target.scrollIntoView();
});
openTarget()?.scrollIntoView();
