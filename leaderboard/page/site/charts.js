// Figures of the compared lifters, like those of figures.py. A series is {name, points}, where a
// point has severity, value, and low and high where there is an interval.
const MARKS = [
  "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z", "M-2.7-2.7h5.4v5.4h-5.4z", "M0-3.6l3.4 6.2h-6.8z",
  "M0-3.8l3.8 3.8l-3.8 3.8l-3.8-3.8z",
];
const [WIDE, HIGH, LEFT, RIGHT, TOP, BOTTOM, BAR] = [280, 176, 34, 10, 8, 22, 27];

// A range with round ends that contains all values, as [low, high, step].
const scaleOf = (values, steps = 4) => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spread = high > low ? high - low : Math.max(Math.abs(high), 1) * 0.1;
  const power = 10 ** Math.floor(Math.log10(spread / steps));
  const step = power * [1, 2, 5, 10].find((unit) => unit * power * steps >= spread * 0.999);
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step, step];
};

const figure = (title, width, height, label, ...parts) => {
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label };
  return make("figure", {}, make("figcaption", {}, title), draw("svg", attributes, ...parts));
};

const mark = (place, x, y) =>
  draw("path", { class: "mark", d: MARKS[place], transform: `translate(${x} ${y})` });

const key = (place) =>
  draw("svg", { class: "key", viewBox: "0 0 28 16", "aria-hidden": "true" },
    draw("g", { class: `series s${place}` },
      draw("line", { class: "stroke", x1: 1, x2: 27, y1: 8, y2: 8 }), mark(place, 14, 8)));

const curves = (title, series, [low, high, step], unit) => {
  const x = (severity) => LEFT + 6 + ((WIDE - LEFT - RIGHT - 12) * severity) / 5;
  const y = (value) => TOP + (HIGH - TOP - BOTTOM) * (1 - (value - low) / (high - low));
  const corners = (points) => points.map(([s, v]) => `${x(s).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
  const grid = [];
  for (let tick = low; tick <= high + step / 2; tick += step) {
    grid.push(draw("line", { class: "grid", x1: LEFT, x2: WIDE - RIGHT, y1: y(tick), y2: y(tick) }));
    grid.push(draw("text", { class: "tick", x: LEFT - 6, y: y(tick) + 3.5, "text-anchor": "end" },
      String(Number(tick.toPrecision(10)))));
  }
  const names = ["clean", 1, 2, 3, 4, 5].map((name, s) =>
    draw("text", { class: "tick", x: x(s), y: HIGH - 6, "text-anchor": "middle" }, String(name)));
  const lines = series.map(({ name, points }, place) => {
    const told = points.map((p) => `${p.severity || "clean"}: ${p.value}`).join(", ");
    const sure = points.filter((p) => p.low !== undefined);
    const [upper, lower] = ["high", "low"].map((end) => sure.map((p) => [p.severity, p[end]]));
    const edge = [...upper, ...lower.reverse()];
    return draw("g", { class: `series s${place}` },
      draw("title", {}, `${name} (${told})`),
      ...(edge.length > 2 ? [draw("polygon", { class: "band", points: corners(edge) })] : []),
      draw("polyline", { class: "stroke", points: corners(points.map((p) => [p.severity, p.value])) }),
      ...points.map((p) => mark(place, x(p.severity), y(p.value))));
  });
  return figure(title, WIDE, HIGH, `${title}, ${unit}, by severity`, ...grid, ...names, ...lines.reverse());
};

const bars = (title, values, [low, high], unit) => {
  const x = (value) => (WIDE * (value - low)) / (high - low);
  const rows = values.map(({ name, value, text, series }, line) => {
    const [from, to] = [Math.min(x(0), x(value)), Math.max(x(0), x(value))];
    const top = BAR * line;
    const bar = { height: 5, rx: 2.5, y: top + 16 };
    return draw("g", { class: `series s${series}` },
      draw("title", {}, name),
      draw("text", { x: 0, y: top + 11 }, name.length > 32 ? `${name.slice(0, 31)}\u2026` : name),
      draw("text", { class: "value", x: WIDE, y: top + 11, "text-anchor": "end" }, text),
      draw("rect", { class: "rail", x: 0, width: WIDE, ...bar }),
      draw("rect", { class: "fill", x: from, width: Math.max(to - from, 1), ...bar }));
  });
  return figure(title, WIDE, BAR * values.length, `${title}, ${unit}`, ...rows);
};
