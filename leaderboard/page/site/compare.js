// The comparison of a few rows that a reader selects. Its numbers are those of the page: the cells
// of the lifters' panels, the columns of the tables, and the paired differences beside them.
const MOST = 4;

const asked = (section) => [...new Set((state(section).get("select") ?? "").split(",").filter(Boolean))];

const rowsOf = (section) =>
  new Map([...section.querySelector(".ranking").tBodies[0].rows].map((row) => [nameOf(row), row]));

const chosen = (section) => {
  const rows = rowsOf(section);
  return asked(section).filter((name) => rows.has(name)).slice(0, MOST)
    .map((name) => ({ name, place: Number(rows.get(name).dataset.lifter) }));
};

// What is selected, and what to do if that cannot be compared.
const told = (section, names) => {
  const rows = rowsOf(section);
  const lost = asked(section).filter((name) => !rows.has(name));
  const next = rows.size < 2 ? "this table has no other lifter to compare with"
    : names.length < 2 ? "select another one to compare" : names.length < MOST ? "" : "this is the most";
  const missing = lost.length ? `Not in this table: ${lost.join(", ")}. ` : "";
  return missing + (names.length ? [`${names.length} selected`, next].filter(Boolean).join(": ")
    : "Select two lifters to compare");
};

const nameOf = (row) => row.querySelector(".lifter").dataset.value;

const signed = (value, digits) => `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(digits)}`;

// The paired difference of two lifters, second minus first: [difference, low, high] or nothing.
const pairedOf = ({ names, pairs }, first, second, name) => {
  const place = names.indexOf(name);
  const turned = pairs[`${second.place}-${first.place}`]?.[place];
  if (turned) return [-turned[0], -turned[2], -turned[1]];
  return pairs[`${first.place}-${second.place}`]?.[place];
};

const differenceCell = (paired, column, first, second) => {
  const [a, b] = [first, second].map((lifter) => column.cell(lifter).dataset.value);
  if (a === "" || b === "") return make("td");
  const [value, low, high] = pairedOf(paired, first, second, column.name) ?? [b - a];
  const cell = make("td", {}, signed(value, column.digits));
  if (low === undefined) return cell;
  const verdict = low > 0 ? "worse" : high < 0 ? "better" : "not separated";
  cell.className = verdict.replace(" ", "-");
  cell.append(" ", make("span", { className: "verdict" }, verdict),
    make("small", {}, `${signed(low, column.digits)} to ${signed(high, column.digits)}`));
  return cell;
};

const columnsOf = (panel) => {
  const table = panel.querySelector(".ranking");
  const rows = new Map([...table.tBodies[0].rows].map((row) => [Number(row.dataset.lifter), row]));
  return [...table.querySelectorAll("th[data-group]")].map((head) => ({
    name: head.dataset.sort,
    label: head.textContent.replaceAll("\u00ad", ""),
    group: head.dataset.group,
    digits: Number(panel.dataset.digits),
    cell: ({ place }) => rows.get(place).cells[head.cellIndex],
  }));
};

const numberCell = (column, lifter) => {
  const { dataset, children } = column.cell(lifter);
  const interval = [...children].find((part) => part.matches("small"));
  const cell = make("td", {}, dataset.value && Number(dataset.value).toFixed(column.digits));
  if (interval) cell.append(interval.cloneNode(true));
  return cell;
};

const numbersTable = (section, lifters, columns, paired, unit) => {
  const [first, ...others] = lifters;
  const heads = lifters.map(({ name }, place) => make("th", { scope: "col" }, key(place),
    make("a", { href: `#${section.id}/${name}` }, name)));
  const against = others.map(({ name }) => make("th", { scope: "col" }, `${name} minus ${first.name}`));
  const shown = columns.filter(({ group }) => group === "total" || group === "corruption");
  const lines = shown.map((column) => make("tr", { className: column.group },
    make("th", { scope: "row" }, column.label),
    ...lifters.map((lifter) => numberCell(column, lifter)),
    ...others.map((lifter) => differenceCell(paired, column, first, lifter))));
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, unit), ...heads, ...against));
  const about = { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Compared numbers" };
  return make("div", about, make("table", {}, head, make("tbody", {}, ...lines)));
};

// Points of a lifter under a corruption, from the table of all cells in its panel.
const pointsOf = (section, { place }, metric, corruption) => {
  const table = panelOf(section, place).querySelector(`.cells[data-metric="${metric}"]`);
  const cells = (name) => [...table.querySelector(`tr[data-corruption="${name}"]`).cells].slice(1);
  return [cells("clean")[0], ...cells(corruption)].flatMap((cell, severity) => {
    const [value, interval] = [...cell.childNodes].map((node) => node.textContent);
    const [low, high] = interval ? interval.split("\u2013").map(Number) : [];
    return value ? [{ severity, value: Number(value), low, high }] : [];
  });
};

const grid = (title, unit, figures) => [
  make("h4", {}, title, " ", make("span", { className: "unit" }, unit)),
  make("div", { className: "grid" }, ...figures),
];

const curvesOf = (section, lifters, metric, unit, columns) => {
  const panels = columns.filter(({ group }) => group === "corruption").map(({ name, label }) => [
    label, lifters.map((lifter) => ({ ...lifter, points: pointsOf(section, lifter, metric, name) }))]);
  const points = panels.flatMap(([, series]) => series.flatMap((one) => one.points));
  const scale = scaleOf(points.flatMap((p) => [p.value, p.low ?? p.value, p.high ?? p.value]));
  const figures = panels.map(([label, series]) => curves(label, series, scale, unit));
  return grid("Against severity", `${unit}, bands are 95 % intervals`, figures);
};

const barsOf = (lifters, unit, columns) => {
  const clean = columns.find(({ name }) => name === "clean");
  const number = (column, lifter) => Number(column.cell(lifter).dataset.value);
  const kind = columns.some(({ group }) => group === "family") ? "family" : "corruption";
  const panels = columns.filter(({ group }) => group === kind).map((column) => [
    column.label, lifters.flatMap((lifter, series) => {
      if (!column.cell(lifter).dataset.value) return []; // not scored
      const value = number(column, lifter) - number(clean, lifter);
      return [{ ...lifter, series, value, text: signed(value, column.digits) }];
    })]).filter(([, rows]) => rows.length);
  const scale = scaleOf([0, ...panels.flatMap(([, rows]) => rows.map((row) => row.value))]);
  const figures = panels.map(([label, rows]) => bars(label, rows, scale, unit));
  return grid(`Degradation under each ${kind}`, `${unit} above clean`, figures);
};

const COMMAND = "This command compares clip by clip, with p values. BOARD is your copy of the folder of this " +
  "board, such as in a clone of its repository:";

const PAIRED = "Differences are paired: both lifters are resampled over the same takes. Small numbers " +
  "are 95 % intervals. Not separated: the interval of the difference includes 0. " + COMMAND;
const UNPAIRED = "Differences are those of the means. They are not paired, and the intervals of two means " +
  "do not tell whether their difference is real. " + COMMAND;

const notes = (section, lifters, isPaired) => {
  const rows = lifters.map(({ name }) => `${section.dataset.folder}/${name}`);
  return [make("p", { className: "note" }, isPaired ? PAIRED : UNPAIRED),
    make("pre", { className: "copy" }, make("code", {}, `corruptbench compare ${rows.join(" ")} --board BOARD`))];
};

const NONE = { names: [], pairs: {} };

const showComparison = (section) => {
  const lifters = chosen(section);
  const box = section.querySelector(".comparison");
  const compared = box.querySelector(".compared");
  box.hidden = lifters.length < 2;
  compared.replaceChildren();
  if (box.hidden) return;
  const [main] = section.querySelectorAll(".metric input");
  const { value: metric } = section.querySelector(".metric input:checked");
  const panel = section.querySelector(`.panel[data-metric="${metric}"]`);
  const { label, unit } = panel.dataset;
  const columns = columnsOf(panel);
  const paired = main.checked ? JSON.parse(section.querySelector(".paired").textContent) : NONE;
  const isPaired = lifters.slice(1).every((lifter) => pairedOf(paired, lifters[0], lifter, "clean"));
  box.querySelector(".unit").textContent = `${label}, ${unit}, lower is better`;
  compared.append(
    numbersTable(section, lifters, columns, isPaired ? paired : NONE, unit),
    ...notes(section, lifters, isPaired),
    ...curvesOf(section, lifters, metric, unit, columns),
    ...barsOf(lifters, unit, columns),
    ...(main.checked ? jointErrors(section, lifters, metric, unit) : []),
  );
  makeCopyable(compared);
};

showing.select = (section) => {
  const names = chosen(section).map(({ name }) => name);
  each(section, ".ranking tbody tr", (row) => {
    const box = row.querySelector(".rank input");
    box.checked = names.includes(nameOf(row));
    box.disabled = names.length === MOST && !box.checked;
    row.classList.toggle("picked", box.checked);
  });
  const bar = section.querySelector(".selection");
  bar.hidden = !asked(section).length;
  bar.querySelector("p").textContent = told(section, names);
  bar.querySelector(".show").disabled = names.length < 2;
  showComparison(section);
};

const makeMarkable = (root) => {
  each(root, ".ranking tbody tr", (row) => {
    const box = make("input", { type: "checkbox", ariaLabel: `Compare ${nameOf(row)}` });
    row.querySelector(".rank").prepend(box);
  });
};

const makeSelectable = (section) => {
  section.addEventListener("change", ({ target }) => {
    if (!target.matches(".rank input")) return;
    const name = nameOf(target.closest("tr"));
    const others = chosen(section).map((lifter) => lifter.name).filter((other) => other !== name);
    choose(section, "select", [...others, ...(target.checked ? [name] : [])].join(","));
  });
  const compare = make("button", { type: "button", className: "show" }, "Compare");
  compare.addEventListener("click", () => {
    section.querySelector(".comparison").scrollIntoView();
    section.querySelector(".comparison h3").focus({ preventScroll: true });
  });
  const clear = make("button", { type: "button" }, "Clear");
  clear.addEventListener("click", () => choose(section, "select", ""));
  section.querySelector(".selection").append(compare, clear);
};
