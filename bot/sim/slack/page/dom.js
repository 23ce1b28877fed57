// Building DOM from data that nobody vouches for: elements and text nodes only, never markup from strings.

const SVG = "http://www.w3.org/2000/svg";

// One path each, drawn on a 24 x 24 grid with round strokes; own drawings, so that no font or picture is needed.
const ICONS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  send: "M4 12l16-8-6 16-3-7z",
  hash: "M9 4L7 20M17 4l-2 16M4 9h16M4 15h16",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  bolt: "M13 3L5 14h6l-1 7 8-11h-6z",
  world: "M4 5h16v5H4zM4 14h16v5H4zM8 7.5h.01M8 16.5h.01",
  pulse: "M3 12h4l3-8 4 16 3-8h4",
  reply: "M4 5h16v11H11l-5 4v-4H4z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 13l4 4 10-10",
  warn: "M12 4L2.5 20h19zM12 10v4M12 17h.01",
  eye: "M2 12c5-8 15-8 20 0-5 8-15 8-20 0zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
  plus: "M12 5v14M5 12h14",
  down: "M6 9l6 6 6-6",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9h.01",
};

/** Makes an element. Attributes: `class`, `on` (listeners), `data` (data-*), true/false/null for presence, else text. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "data") setData(node, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

function setData(node, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined) node.dataset[name] = String(value);
  }
}

/** Appends nodes, strings (as text) and nested lists; skips null, undefined and false. */
export function append(parent, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : plain(String(child)));
  }
  return parent;
}

const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const BIDI_ALL = /([\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])/;

/** Text as a node. Characters that would turn the reading direction around are shown by name instead of obeyed. */
export function plain(text) {
  if (!BIDI.test(text)) return document.createTextNode(text);
  const fragment = document.createDocumentFragment();
  for (const part of text.split(BIDI_ALL)) {
    if (part === "") continue;
    if (!BIDI.test(part)) fragment.append(part);
    else fragment.append(el("span", { class: "bidi-mark", title: "Direction control character" }, codePoint(part)));
  }
  return fragment;
}

function codePoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** A line drawing; decoration only, hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"]]) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A square button that shows a drawing; `label` is what a screen reader says. */
export function iconButton(name, label, onClick, attributes = {}) {
  return el(
    "button",
    { type: "button", "aria-label": label, title: label, ...attributes, class: `icon-button ${attributes.class ?? ""}`,
      on: { click: onClick } },
    icon(name),
  );
}

let counter = 0;

/** An id that is unique in the page, for label and description references. */
export function uniqueId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}

/** The address if a link may lead there, else null: http, https and mailto only. */
export function safeHref(url) {
  try {
    const parsed = new URL(url);
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/** A link into the outside world, or its bare text where the address is not acceptable. */
export function link(url, children, attributes = {}) {
  const href = safeHref(url);
  if (href === null) return el("span", { class: "dead-link", title: "Link not opened: address not allowed" }, children);
  return el("a", { ...attributes, href, target: "_blank", rel: "noopener noreferrer", title: href }, children);
}
