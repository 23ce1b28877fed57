// Short-lived notices: push notifications for the viewer, errors, and what a screen reader should say about new messages.

import { el, icon, iconButton } from "./dom.js";

const SHOWN_MS = 7000;
const MOST = 3;

/** The stack of notices in a corner of the screen. */
export class Notices {
  constructor() {
    this.node = el("div", { class: "notices", "aria-label": "Notifications", role: "region" });
    this.voice = el("div", { class: "visually-hidden", role: "log", "aria-live": "polite", "aria-label": "New messages" });
  }

  /** A push notification as a phone would show it: the message's text alone. A press opens it. */
  push({ title, text, open }) {
    const card = el("div", { class: "notice notice-push", role: "status", data: { testid: "notification" } },
      el("button", { type: "button", class: "notice-main", on: { click: () => { card.remove(); open(); } } },
        el("span", { class: "notice-title" }, icon("bell"), title), el("span", { class: "notice-text" }, text)),
      iconButton("close", "Dismiss", () => card.remove()));
    this.show(card);
  }

  /** Something that did not work. */
  error(text) {
    const card = el("div", { class: "notice notice-error", role: "alert" },
      el("span", { class: "notice-main" }, el("span", { class: "notice-title" }, icon("warn"), "That did not work"), el("span", { class: "notice-text" }, text)),
      iconButton("close", "Dismiss", () => card.remove()));
    this.show(card);
  }

  /** Says something without showing it. */
  say(text) {
    this.voice.append(el("p", {}, text));
    while (this.voice.childElementCount > 5) this.voice.firstElementChild.remove();
  }

  show(card) {
    this.node.append(card);
    while (this.node.childElementCount > MOST) this.node.firstElementChild.remove();
    setTimeout(() => card.remove(), SHOWN_MS);
  }
}
