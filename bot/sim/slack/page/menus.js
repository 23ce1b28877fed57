// Menus that open from a button, and lists under a text field: placing them, and their keys.

import { el, icon, link, safeHref, uniqueId } from "./dom.js";

const EDGE = 8; // CSS pixels kept free at the screen's edge

/**
 * A button with a menu. `items` is asked each time the menu opens and gives {label, run, href?, note?}.
 * The menu is a popover: above everything, closed by Escape or a press elsewhere, focus goes back to the button.
 */
export function menuButton({ drawing, label, class: name, items }) {
  const menu = el("div", { class: "menu", role: "menu", popover: "auto", "aria-label": label });
  const opener = el("button", { type: "button", class: name, "aria-label": label, title: label, "aria-haspopup": "menu" }, icon(drawing));
  opener.popoverTargetElement = menu;
  menu.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") menu.replaceChildren(...items().map((item) => entry(item, menu)));
  });
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    placeNear(opener, menu);
    menu.querySelector("[role=menuitem]")?.focus();
  });
  menu.addEventListener("keydown", (event) => walk(event, menu));
  return el("span", { class: "menu-root" }, opener, menu);
}

function entry(item, menu) {
  const choose = () => {
    menu.hidePopover();
    item.run();
  };
  const attributes = { class: "menu-item", role: "menuitem", data: item.data, on: { click: choose } };
  const text = [el("span", {}, item.label), item.note && el("span", { class: "menu-note" }, item.note)];
  return item.href && safeHref(item.href) ? link(item.href, text, attributes) : el("button", { type: "button", ...attributes }, text);
}

function placeNear(opener, menu) {
  const at = opener.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = at.bottom + EDGE + height <= innerHeight;
  menu.style.left = `${Math.max(EDGE, Math.min(at.right - width, innerWidth - width - EDGE))}px`;
  menu.style.top = `${Math.max(EDGE, below ? at.bottom + 4 : at.top - height - 4)}px`;
}

function walk(event, menu) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("[role=menuitem]")];
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
}

/** Arrow keys walk through an open list, Enter picks, Escape closes it and nothing else. */
export function listKeys(input, list) {
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const options = [...list.querySelectorAll("[role=option]")];
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      mark(input, options, at < 0 ? (step > 0 ? 0 : options.length - 1) : (at + step + options.length) % options.length);
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      event.stopImmediatePropagation();
      options[at].click();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      list.hidden = true;
    }
  });
}

function mark(input, options, chosen) {
  options.forEach((option, index) => {
    option.id ||= uniqueId("option");
    option.setAttribute("aria-selected", String(index === chosen));
  });
  const option = options[chosen];
  if (!option) return;
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}
