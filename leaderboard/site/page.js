"use strict";
// The page reads without this script: it sorts, filters and lights up series, and keeps what is
// shown in the address.
(() => {
  const each = (root, selector, act) => root.querySelectorAll(selector).forEach(act);

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

  // The address holds what a section shows: #studio-c-v3?metric=p_mpjpe&filter=tagn&sort=-3
  const address = () => {
    const [name, query] = location.hash.slice(1).split("?");
    try {
      return [decodeURIComponent(name), new URLSearchParams(query)];
    } catch {
      return ["", new URLSearchParams()]; // no whole escape
    }
  };

  const remember = (section, key, value) => {
    const [name, state] = address();
    const kept = name === section.id ? state : new URLSearchParams();
    if (value) kept.set(key, value);
    else kept.delete(key);
    const query = kept.toString();
    history.replaceState(null, "", `#${section.id}${query ? `?${query}` : ""}`);
  };

  const sort = (table, head, down) => {
    const column = head.cellIndex;
    const body = table.tBodies[0];
    const rows = [...body.rows].sort((first, second) => {
      const a = valueOf(first, column);
      const b = valueOf(second, column);
      const missing = a === "" || b === "";
      return compare(a, b) * (down && !missing ? -1 : 1);
    });
    each(table, "th[data-sort]", (other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows);
  };

  const makeSortable = (section, table) => {
    each(table, "th[data-sort]", (head) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        sort(table, head, down);
        remember(section, "sort", `${down ? "-" : ""}${head.cellIndex}`);
      });
      head.append(button);
    });
  };

  const makeFilterable = (section) => {
    const label = section.querySelector(".filter");
    const count = section.querySelector(".count");
    const input = label.querySelector("input");
    const texts = new Map();
    each(section, ".ranking tbody tr", (row) => {
      texts.set(row.dataset.lifter, row.dataset.text.toLowerCase());
    });
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const kept = new Set();
      texts.forEach((text, lifter) => {
        if (words.every((word) => text.includes(word))) kept.add(lifter);
      });
      each(section, "[data-lifter]", (part) => {
        part.classList.toggle("out", !kept.has(part.dataset.lifter));
      });
      count.textContent = words.length ? `${kept.size} of ${texts.size} lifters` : "";
      remember(section, "filter", input.value);
    });
    label.hidden = false;
  };

  const makeLit = (section) => {
    const light = (lifter) => {
      section.classList.toggle("lighting", lifter !== undefined);
      each(section, "[data-lifter]", (part) => {
        part.classList.toggle("lit", part.dataset.lifter === lifter);
      });
    };
    const over = (event) => light(event.target.closest("[data-lifter]")?.dataset.lifter);
    section.addEventListener("pointerover", over);
    section.addEventListener("focusin", over);
    section.addEventListener("pointerleave", () => light(undefined));
    section.addEventListener("focusout", () => light(undefined));
  };

  const makeSwitchable = (section) => {
    each(section, ".metric input", (input) => {
      input.addEventListener("change", () => {
        remember(section, "metric", input.value);
        remember(section, "sort", ""); // of another table
      });
    });
  };

  const restore = (section, state) => {
    const metrics = [...section.querySelectorAll(".metric input")];
    const metric = metrics.find((input) => input.value === state.get("metric")) ?? metrics[0];
    metric.checked = true;
    const filter = section.querySelector(".filter input");
    filter.value = state.get("filter") ?? "";
    filter.dispatchEvent(new Event("input"));
    const table = section.querySelector(`.panel[data-metric="${metric.value}"] .ranking`);
    const order = state.get("sort") ?? "0"; // without one, by rank
    const column = Math.abs(parseInt(order, 10));
    const head = [...table.querySelectorAll("th[data-sort]")].find((h) => h.cellIndex === column);
    if (head) sort(table, head, order.startsWith("-"));
  };

  const openTarget = () => {
    const [name, state] = address();
    const target = name && document.getElementById(name);
    if (!target) return;
    const details = target.closest("details");
    if (details) details.open = true;
    else if (target.matches(".benchmark")) restore(target, state);
    (details ?? target).scrollIntoView();
  };

  each(document, ".benchmark", (section) => {
    each(section, ".ranking", (table) => makeSortable(section, table));
    makeFilterable(section);
    makeSwitchable(section);
    makeLit(section);
  });
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();
