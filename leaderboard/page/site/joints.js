// The errors of each joint of the compared lifters, from the tables of joints in their panels.
const [JOINTS_WIDE, NAMES_WIDE, JOINT_STEP] = [400, 92, 8];

// Clean and corrupted errors of a lifter as [joint, clean, corrupted], or nothing.
const jointsOf = (section, { place }, metric) => {
  const table = panelOf(section, place).querySelector(`.joints[data-metric="${metric}"]`);
  return table && [...table.tBodies[0].rows].map(({ cells: [name, ...numbers] }) =>
    [name.textContent, ...numbers.slice(0, 2).map((cell) => cell.textContent)]);
};

const jointFigure = (lifters, unit) => {
  const numbers = lifters.flatMap(({ joints }) => joints.flatMap(([, ...two]) => two.map(Number)));
  const [low, high, step] = scaleOf(numbers, 6);
  const x = (value) => NAMES_WIDE + ((JOINTS_WIDE - NAMES_WIDE - 8) * (value - low)) / (high - low);
  const row = JOINT_STEP * lifters.length + 8;
  const tall = 18 + row * lifters[0].joints.length;
  const grid = [];
  for (let tick = low; tick <= high + step / 2; tick += step) {
    grid.push(draw("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 14, y2: tall }));
    grid.push(draw("text", { class: "tick", x: x(tick), y: 9, "text-anchor": "middle" },
      String(Number(tick.toPrecision(10)))));
  }
  const names = lifters[0].joints.map(([joint], i) => draw("text",
    { x: NAMES_WIDE - 10, y: 18 + row * (i + 0.5), "text-anchor": "end" }, joint));
  const dots = lifters.map(({ name, joints }, place) => draw("g", { class: `series s${place}` },
    ...joints.map(([joint, clean, corrupted], i) => {
      const y = 18 + row * i + JOINT_STEP * (place + 0.5);
      return draw("g", {},
        draw("title", {}, `${joint}, ${name}: clean ${clean}, corrupted ${corrupted}`),
        draw("line", { class: "reach", x1: x(clean), x2: x(corrupted), y1: y, y2: y }),
        draw("circle", { class: "from", cx: x(clean), cy: y, r: 2.6 }),
        mark(place, x(corrupted), y));
    })));
  const title = "Ring: clean. Full mark: corrupted.";
  return figure(title, JOINTS_WIDE, tall, `Errors of each joint in ${unit}, as in the table`,
    ...grid, ...names, ...dots);
};

const jointTable = (lifters) => {
  const heads = lifters.map(({ name }, place) =>
    make("th", { scope: "colgroup", colSpan: 2 }, key(place), name));
  const kinds = lifters.flatMap(() => ["clean", "corrupted"].map((kind) => make("th", { scope: "col" }, kind)));
  const lines = lifters[0].joints.map(([joint], i) => make("tr", {}, make("th", { scope: "row" }, joint),
    ...lifters.flatMap(({ joints }) => joints[i].slice(1).map((text) => make("td", {}, text)))));
  const about = { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Errors of each joint" };
  return make("div", about, make("table", { className: "joint-numbers" },
    make("thead", {}, make("tr", {}, make("td"), ...heads), make("tr", {}, make("th", { scope: "col" }, "joint"), ...kinds)),
    make("tbody", {}, ...lines)));
};

// Joints of the first lifter that has them decide; another joint set does not compare.
const jointErrors = (section, lifters, metric, unit) => {
  const found = lifters.map((lifter) => ({ ...lifter, joints: jointsOf(section, lifter, metric) }));
  const namesOf = ({ joints }) => joints?.map(([joint]) => joint).join() ?? "";
  const names = found.map(namesOf).find((some) => some);
  const has = (lifter) => names !== undefined && namesOf(lifter) === names;
  const lacking = found.filter((lifter) => !has(lifter)).map(({ name }) => name);
  const drawn = found.filter(has);
  const said = lacking.length
    ? [make("p", { className: "note" }, `Without errors of joints: ${lacking.join(", ")}.`)] : [];
  if (!drawn.length) return said;
  return [
    make("h4", {}, "Error of each joint ", make("span", { className: "unit" }, `${unit}, corrupted: mean of corruptions`)),
    ...said,
    make("div", { className: "joint-errors" }, jointFigure(drawn, unit), jointTable(drawn)),
  ];
};
