"use strict";
// Elements and words: the small tools of the page. Texts only ever become text nodes, so none can act as markup.

const board = JSON.parse(document.getElementById("data").textContent);
const byName = new Map(board.units.map((unit) => [unit.name, unit]));
const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function textOf(index) {
  return board.texts[index];
}

function age(seconds) {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "m"]]) {
    if (seconds >= size) return Math.floor(seconds / size) + " " + unit;
  }
  return Math.max(0, Math.floor(seconds)) + " s";
}

function ago(when) {
  return age(board.now - when) + " ago";
}

function moment(when) {
  return new Date(when * 1000).toISOString().replace("T", " ").slice(0, 16) + " UTC";
}

function time(when, text) {
  return h("time", { datetime: new Date(when * 1000).toISOString(), title: moment(when) }, text);
}

// Of an ARN, the name at its end.
function person(who) {
  return who.slice(Math.max(who.lastIndexOf(":"), who.lastIndexOf("/")) + 1);
}

function routeOf(name) {
  return "#" + encodeURIComponent(name);
}

function external(label, url) {
  if (!url.startsWith("https://")) return h("span", {}, label);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

function mark(kind) {
  const [glyph, word] = board.marks[kind];
  return h("span", { class: "mark" }, h("span", { class: "glyph", "aria-hidden": "true" }, glyph), " ", word);
}

function median(numbers) {
  if (!numbers.length) return null;
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
