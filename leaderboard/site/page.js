"use strict";
// The page reads without this script: it only sorts, filters and lights up series.
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

  const sort = (table, head) => {
    const column = head.cellIndex;
    const down = head.getAttribute("aria-sort") === "ascending";
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

  const makeSortable = (table) => {
    each(table, "th[data-sort]", (head) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, head));
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

  const openTarget = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const details = target && target.closest("details");
    if (details) {
      details.open = true;
      details.scrollIntoView();
    }
  };

  each(document, ".ranking", makeSortable);
  each(document, ".benchmark", (section) => {
    makeFilterable(section);
    makeLit(section);
  });
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();
