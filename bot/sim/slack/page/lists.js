// A scrolling list of messages. Nodes that did not change stay where they are; the list never moves under a finger:
// it follows new messages only while no button that still can be pressed is on the screen.

import { el, icon } from "./dom.js";
import { messageNode, signature } from "./messages.js";
import { collectState } from "./state.js";
import { dayName } from "./times.js";

const NEAR_END = 60; // CSS pixels from the bottom that still count as "at the end"
const PAGE = 150; // messages drawn at once; older ones on demand

/** The list of one pane. `pill` belongs into the pane's header: there it covers no button. */
export class MessageList {
  constructor(app, { inThread, label }) {
    this.app = app;
    this.inThread = inThread;
    this.drawn = new Map(); // ts -> {node, signature}
    this.limit = PAGE;
    this.rows = el("div", { class: "rows" });
    this.pill = el("button", { type: "button", class: "new-pill", hidden: true, on: { click: () => this.toEnd() } }, "New below", icon("down"));
    this.scroller = el("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": label }, this.rows);
    this.scroller.addEventListener("scroll", () => {
      if (this.isAtEnd()) this.pill.hidden = true;
    }, { passive: true });
    this.node = el("div", { class: "list" }, this.scroller);
  }

  /** Shows these messages. `key` names the conversation: another one is drawn afresh, at its end. */
  show(messages, { channel, key, empty }) {
    const isNew = key !== this.key;
    if (isNew) this.reset(key);
    const isHidden = this.scroller.clientHeight === 0; // another pane is shown on a phone: go to the end once seen
    const wasAtEnd = this.isAtEnd();
    const last = this.last;
    const shown = messages.slice(-this.limit);
    const anchor = this.liveButtonsInSight().at(-1);
    const heightBefore = anchor?.getBoundingClientRect().top;
    const anchorTs = anchor?.closest("[data-ts]").dataset.ts;
    this.reconcile(shown, channel, { hidden: messages.length - shown.length, empty });
    if (anchor) this.holdStill(anchorTs, heightBefore);
    this.last = shown.at(-1)?.ts;
    if (isNew || this.isUnseen) this.toEnd();
    else if (this.last && this.last !== last && (!last || this.last > last)) this.follow(shown.at(-1), wasAtEnd);
    else if (wasAtEnd && this.liveButtonsInSight().length === 0) this.toEnd();
    this.isUnseen = isHidden && (isNew || this.isUnseen || wasAtEnd);
  }

  reset(key) {
    this.key = key;
    this.drawn.clear();
    this.limit = PAGE;
    this.pill.hidden = true;
    this.rows.replaceChildren();
  }

  reconcile(messages, channel, { hidden, empty }) {
    const focus = focusIn(this.rows);
    const wanted = [];
    if (hidden > 0) wanted.push(this.olderButton(hidden, { channel }));
    if (messages.length === 0 && empty) wanted.push(el("p", { class: "empty" }, empty));
    let day = "";
    const kept = new Map();
    for (const message of messages) {
      const itsDay = dayName(message.ts);
      if (itsDay !== day) wanted.push(el("p", { class: "day", role: "separator" }, el("span", {}, itsDay)));
      day = itsDay;
      const entry = this.entryFor(message, channel);
      kept.set(message.ts, entry);
      wanted.push(entry.node);
    }
    this.drawn = kept;
    place(this.rows, wanted);
    restoreFocus(this.rows, focus);
  }

  entryFor(message, channel) {
    const where = { channel, inThread: this.inThread };
    const mark = signature(message, this.app, where);
    const before = this.drawn.get(message.ts);
    if (before?.signature === mark) return before;
    const held = before ? collectState(before.node) : undefined;
    const node = messageNode(message, this.app, { ...where, held });
    return { node, signature: mark };
  }

  olderButton(hidden, { channel }) {
    const show = () => {
      this.limit += PAGE;
      this.app.draw();
    };
    return el("button", { type: "button", class: "link-button older", data: { channel }, on: { click: show } }, `Show ${Math.min(hidden, PAGE)} earlier messages`);
  }

  isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.pill.hidden = true;
  }

  /** A new last message: go there if that moves no live button away, else offer it. */
  follow(message, wasAtEnd) {
    const own = message.user === this.app.workspace.me;
    if (own || (wasAtEnd && this.liveButtonsInSight(message.ts).length === 0)) this.toEnd();
    else this.pill.hidden = this.isAtEnd();
  }

  /** Buttons on the screen that can be pressed, from top to bottom; those of one message may be left out. */
  liveButtonsInSight(exceptTs) {
    const frame = this.scroller.getBoundingClientRect();
    const isInSight = (node) => {
      const box = node.getBoundingClientRect();
      return box.height > 0 && box.bottom > frame.top && box.top < frame.bottom;
    };
    return [...this.rows.querySelectorAll(".message .btn")].filter(
      (node) => node.closest("[data-ts]").dataset.ts !== exceptTs && isInSight(node));
  }

  /** What grew or shrank above a live button must not move it: the list scrolls by the difference. */
  holdStill(ts, before) {
    const message = this.rows.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    const button = [...(message?.querySelectorAll(".btn") ?? [])].at(-1);
    if (button) this.scroller.scrollTop += button.getBoundingClientRect().top - before;
  }
}

/** Puts exactly these nodes into the parent, in order, touching only what is not in its place yet. */
function place(parent, wanted) {
  const keep = new Set(wanted);
  for (const node of [...parent.children]) if (!keep.has(node)) node.remove();
  let next = parent.firstElementChild;
  for (const node of wanted) {
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
  }
}

function focusIn(root) {
  const active = document.activeElement;
  const message = root.contains(active) ? active.closest("[data-ts]") : null;
  return message && { ts: message.dataset.ts, action: active.dataset.actionId };
}

/** A redrawn message gives the focus back to the same button, or else keeps it itself. */
function restoreFocus(root, focus) {
  if (!focus || root.contains(document.activeElement)) return;
  const message = root.querySelector(`[data-ts="${CSS.escape(focus.ts)}"]`);
  const button = focus.action && message?.querySelector(`[data-action-id="${CSS.escape(focus.action)}"]`);
  (button || message)?.focus({ preventScroll: true });
}
