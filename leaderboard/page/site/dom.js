// Small functions on elements.
const each = (root, selector, act) => root.querySelectorAll(selector).forEach(act);

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

// The name space of SVG, as the page's own figures have it.
const SVG = document.querySelector("svg")?.namespaceURI;

const draw = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
};
