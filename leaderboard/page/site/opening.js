// A page of many rows opens fast at its top: long tables show their first rows, and the others as soon
// as the page is open. Not where a reader comes to a place further down.
"use strict";
(() => {
  const { classList } = document.documentElement;
  const isNew = performance.getEntriesByType("navigation")[0]?.type === "navigate";
  if (location.hash || !isNew) return;
  classList.add("opening");
  window.addEventListener("load", () => setTimeout(() => classList.remove("opening")));
})();
