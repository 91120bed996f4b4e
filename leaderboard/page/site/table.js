// Tables: their order, the rows that a filter keeps, metric and columns.
const valueOf = (row, column) => {
  const text = row.cells[column].dataset.value;
  const number = Number(text);
  return text === "" || Number.isNaN(number) ? text : number;
};

const compare = (a, b) => {
  if (a === "" || b === "") return (a === "") - (b === "");
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
};

const sort = (table, head, down) => {
  const body = table.tBodies[0];
  const keyed = [...body.rows].map((row) => [valueOf(row, head.cellIndex), row]);
  keyed.sort(([a], [b]) => compare(a, b) * (down && a !== "" && b !== "" ? -1 : 1));
  each(table, "th[data-sort]", (other) => other.setAttribute("aria-sort", "none"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  body.append(...keyed.map(([, row]) => row));
};

showing.sort = (section, order) => {
  const key = order.replace(/^-/, "");
  each(section, ".ranking", (table) => {
    const heads = [...table.querySelectorAll("th[data-sort]")];
    const head = heads.find((other) => other.dataset.sort === key);
    sort(table, head ?? heads[0], Boolean(head) && order.startsWith("-"));
  });
};

const makeSortable = (section, root) => {
  each(root, ".ranking th[data-sort]", (head) => {
    const button = make("button", { type: "button" }, ...head.childNodes);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      choose(section, "sort", `${down ? "-" : ""}${head.dataset.sort}`);
    });
    head.append(button);
  });
};

showing.filter = (section, text) => {
  const input = section.querySelector(".filter input");
  if (input.value !== text) input.value = text;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...section.querySelector(".ranking").tBodies[0].rows];
  const kept = new Set(
    rows
      .filter((row) => words.every((word) => row.dataset.text.toLowerCase().includes(word)))
      .map((row) => row.dataset.lifter),
  );
  each(section, "[data-lifter]", (part) => {
    part.classList.toggle("out", !kept.has(part.dataset.lifter));
  });
  tellKept(section);
};

// How many rows the filter and the status keep, and how to see rows if there are none.
const tellKept = (section) => {
  const text = (state(section).get("filter") ?? "").trim();
  const status = section.dataset.shownStatus;
  const rows = [...section.querySelector(".ranking").tBodies[0].rows];
  const kept = rows.filter((row) => !row.matches(".out") && ["any", row.dataset.status].includes(status));
  const isChosen = text || status !== "any";
  section.querySelector(".count").textContent = isChosen ? `${kept.length} of ${rows.length} lifters` : "";
  section.querySelector(".none").replaceChildren(...(kept.length ? [] : nothingKept(section, text, status)));
};

const nothingKept = (section, text, status) => {
  const asked = [text && `"${text}"`, status !== "any" && `the status ${status}`].filter(Boolean);
  const button = make("button", { type: "button" }, "Show all lifters");
  button.addEventListener("click", () => {
    choose(section, "status", "");
    choose(section, "filter", "", "replaceState");
  });
  return [`No lifter of this table has ${asked.join(" and ")}. `, button];
};

const makeFilterable = (section) => {
  const label = section.querySelector(".filter");
  const input = label.querySelector("input");
  input.addEventListener("input", () => choose(section, "filter", input.value, "replaceState"));
  label.hidden = false;
};

// Radio buttons whose choice the style sheet shows. Without this script it looks at the buttons.
const makeChoice = (section, key, selector) => {
  const inputs = [...section.querySelectorAll(`${selector} input`)];
  showing[key] = (other, value) => {
    const all = [...other.querySelectorAll(`${selector} input`)];
    const input = all.find((one) => one.value === value) ?? all[0];
    if (!input) return;
    input.checked = true;
    other.setAttribute(`data-shown-${key}`, input.value);
    if (key === "status") tellKept(other);
  };
  inputs.forEach((input) => {
    input.addEventListener("change", () => choose(section, key, input.value));
  });
};

const makeLit = (section) => {
  const light = (lifter) => {
    section.classList.toggle("lighting", lifter !== undefined);
    each(section, ".drawn [data-lifter]", (part) => {
      part.classList.toggle("lit", part.dataset.lifter === lifter);
    });
  };
  const over = (event) => light(event.target.closest("[data-lifter]")?.dataset.lifter);
  section.addEventListener("pointerover", over);
  section.addEventListener("focusin", over);
  section.addEventListener("pointerleave", () => light(undefined));
  section.addEventListener("focusout", () => light(undefined));
};
