// The page reads without this script. It sorts, filters, compares, and keeps in the address what is
// shown.
const makeCopyable = (root) => {
  each(root, "pre.copy", (block) => {
    const button = make("button", { type: "button", className: "copies" }, "Copy");
    button.addEventListener("click", () => {
      const code = block.querySelector("code");
      getSelection().selectAllChildren(code); // to see it, and to copy by hand where it must be
      const done = navigator.clipboard?.writeText(code.textContent);
      done?.then(() => { button.textContent = "Copied"; }, () => {});
    });
    block.append(button);
  });
};

each(document, ".benchmark", (section) => {
  makeSortable(section);
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
  showComparison(section);
};
makeCopyable(document);
document.documentElement.classList.add("script");
window.addEventListener("hashchange", () => {
  const target = openTarget();
  if (target?.matches("details")) target.scrollIntoView();
});
openTarget()?.scrollIntoView();
