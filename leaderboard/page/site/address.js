// The address holds what a section shows:
// #studio-c-v3?metric=p_mpjpe&columns=family&status=verified&filter=tagn&sort=-clean&select=a,b
const states = new Map(); // what each section shows now: its part of the address, by its id
const showing = {}; // what shows each part of an address in a section

const address = () => {
  const [name, query] = location.hash.slice(1).split("?");
  try {
    return [decodeURIComponent(name), new URLSearchParams(query)];
  } catch {
    return ["", new URLSearchParams()]; // no whole escape
  }
};

const state = (section) => states.get(section.id) ?? new URLSearchParams();

const show = (section, wanted) => {
  const before = state(section);
  states.set(section.id, wanted);
  Object.entries(showing).forEach(([key, act]) => {
    if ((before.get(key) ?? "") !== (wanted.get(key) ?? "")) act(section, wanted.get(key) ?? "");
  });
};

// What is typed replaces the address; each other choice is a step that one can go back from.
const choose = (section, key, value, write = "pushState") => {
  const wanted = new URLSearchParams(state(section));
  if (value) wanted.set(key, value);
  else wanted.delete(key);
  show(section, wanted);
  tellLost("");
  const query = wanted.toString().replaceAll("%2C", ",");
  history[write](null, "", `#${section.id}${query ? `?${query}` : ""}`);
};

const LOST = "Nothing on this page has this address. Look in the tables for a row that was renamed or moved:";

const tellLost = (name) => {
  document.querySelector(".lost").textContent = name && `${LOST} ${name}`;
};

const openTarget = () => {
  const [name, wanted] = address();
  const target = name && document.getElementById(name);
  if (name === "") each(document, ".benchmark", (section) => show(section, new URLSearchParams()));
  tellLost(target || !name ? "" : name);
  if (!target) return;
  if (target.matches(".benchmark")) show(target, wanted);
  const details = target.closest("details");
  if (details) {
    fill(details);
    details.open = true;
  }
  return details ?? target;
};
