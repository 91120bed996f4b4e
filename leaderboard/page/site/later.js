// Parts that are made when somebody looks at them, so that a page of many lifters opens fast: panels,
// and the tables and figures of all metrics but the first. A browser that runs scripts keeps what is
// in a noscript element as text.
const fill = (part) => {
  const kept = part.querySelector("noscript");
  if (!kept) return false;
  kept.outerHTML = kept.textContent;
  makeCopyable(part);
  return true;
};

const panelOf = (section, place) => {
  const panel = section.querySelector(`.lifters > [data-lifter="${place}"]`);
  fill(panel);
  return panel;
};

document.addEventListener("toggle", ({ target }) => {
  if (target.open && target.matches(".lifters > details")) fill(target);
}, true);

// A new table shows what was chosen before it was there.
const fillMetric = (section) => {
  const { value } = section.querySelector(".metric input:checked");
  const parts = section.querySelectorAll(`:is(.panel, .drawn)[data-metric="${value}"]`);
  const made = [...parts].filter(fill);
  made.filter((part) => part.matches(".panel")).forEach((panel) => {
    makeSortable(section, panel);
    makeMarkable(panel);
  });
  if (!made.length) return;
  for (const key of ["sort", "filter", "select"]) showing[key](section, state(section).get(key) ?? "");
};
