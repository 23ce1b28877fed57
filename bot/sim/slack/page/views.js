// Modals: the stack of views that this person has open, their submission, and what goes wrong with it. And the App Home.
//
// Every view of the stack keeps its own dialog, so that what was typed below survives a pushed view.

import { Refusal, post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { el, iconButton, uniqueId } from "./dom.js";
import { collectState } from "./state.js";
import { viewSurface } from "./surfaces.js";
import { plainText } from "./texts.js";
import { complaintsOf } from "./validation.js";

const NO_ANSWER = "We had some trouble connecting. Try again?"; // no ack within three seconds

/** The dialogs of the viewer's modal stack. */
export class Modals {
  constructor(app) {
    this.app = app;
    this.shown = new Map(); // view id -> {dialog, hash}
  }

  /** Brings the dialogs in line with the stack, bottom first. */
  sync(views) {
    for (const [id, { dialog }] of this.shown) {
      if (views.some((view) => view.id === id)) continue;
      this.shown.delete(id);
      dialog.close();
      dialog.remove();
    }
    for (const view of views) {
      const shown = this.shown.get(view.id);
      if (!shown) this.open(view);
      else if (shown.hash !== view.hash) this.update(shown, view);
    }
    const top = views.at(-1)?.id;
    for (const [id, { dialog }] of this.shown) dialog.classList.toggle("covered", id !== top);
  }

  open(view) {
    const dialog = el("dialog", { class: "modal", role: "dialog", "aria-modal": "true", data: { viewId: view.id } });
    dialog.addEventListener("cancel", (event) => {
      if (event.target !== dialog) return;
      event.preventDefault();
      void this.close(view.id, { cleared: false });
    });
    document.body.append(dialog);
    this.shown.set(view.id, { dialog, hash: view.hash });
    this.fill(dialog, view, view.state?.values);
    dialog.showModal();
    firstFocus(dialog)?.focus();
  }

  /** What was typed into inputs that are still there stays. */
  update(shown, view) {
    const focused = document.activeElement?.dataset?.actionId;
    const held = keptInputs(collectState(shown.dialog), view);
    shown.hash = view.hash;
    this.fill(shown.dialog, view, held);
    if (focused) shown.dialog.querySelector(`[data-action-id="${CSS.escape(focused)}"]`)?.focus();
  }

  fill(dialog, view, held) {
    const titleId = uniqueId("title");
    dialog.dataset.callbackId = view.callback_id ?? "";
    dialog.setAttribute("aria-labelledby", titleId);
    const submit = view.submit && el("button",
      { type: "submit", class: "btn primary", disabled: view.submit_disabled === true, data: { viewSubmit: "true" } }, plainText(view.submit));
    const dismiss = el("button",
      { type: "button", class: "btn", data: { viewClose: "true" }, on: { click: () => this.close(view.id, { cleared: false }) } },
      plainText(view.close) || (submit ? "Cancel" : "Close"));
    const form = el("form", { novalidate: true },
      el("header", { class: "modal-head" },
        iconButton("close", "Close all", () => this.close(view.id, { cleared: true })),
        el("h2", { id: titleId }, plainText(view.title))),
      el("div", { class: "modal-body blocks", tabindex: "-1" }, renderBlocks(view.blocks, viewSurface(this.app, view, held))),
      el("p", { class: "modal-failure", role: "alert", hidden: true }),
      el("footer", { class: "modal-foot" }, dismiss, submit));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit(view, dialog);
    });
    form.addEventListener("keydown", stopEnter);
    dialog.replaceChildren(form);
  }

  async submit(view, dialog) {
    const button = dialog.querySelector("[data-view-submit]");
    if (button.getAttribute("aria-busy") === "true") return;
    const state = collectState(dialog);
    const complaints = complaintsOf(view, state);
    this.showErrors(view.id, complaints);
    this.showFailure(view.id, "");
    if (Object.keys(complaints).length > 0) return;
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await post("/ui/view/submit", { user: this.app.workspace.me, view_id: view.id, state });
      if (answer.result === "errors") this.showErrors(view.id, answer.errors ?? {});
      if (["timeout", "failed"].includes(answer.result)) this.showFailure(view.id, NO_ANSWER);
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      this.showFailure(view.id, problem.message);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  async close(viewId, { cleared }) {
    try {
      await post("/ui/view/close", { user: this.app.workspace.me, view_id: viewId, cleared });
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      this.showFailure(viewId, problem.message);
    }
  }

  /** Texts under the fields; what was typed stays, the first wrong field gets the focus. */
  showErrors(viewId, errors) {
    const dialog = this.shown.get(viewId)?.dialog;
    if (!dialog) return;
    let first = null;
    for (const slot of dialog.querySelectorAll("[data-error-for]")) {
      const text = errors[slot.dataset.errorFor] ?? "";
      const block = slot.closest("[data-input-block]");
      const control = block.querySelector("[data-action-id]");
      slot.textContent = text;
      slot.hidden = text === "";
      block.classList.toggle("has-error", text !== "");
      control?.setAttribute("aria-invalid", String(text !== ""));
      if (text !== "") first ??= control;
    }
    first?.focus();
    first?.closest("[data-input-block]").scrollIntoView({ block: "nearest" });
  }

  /** The line that says that no answer came; an empty text hides it. */
  showFailure(viewId, text) {
    const line = this.shown.get(viewId)?.dialog.querySelector(".modal-failure");
    if (!line) return;
    line.textContent = text;
    line.hidden = text === "";
  }
}

/** On a touch screen no field is focused by itself: the keyboard would hide the command that is to be read first. */
function firstFocus(dialog) {
  const asked = dialog.querySelector("[autofocus]");
  if (asked || matchMedia("(pointer: coarse)").matches) return asked ?? dialog.querySelector(".modal-body");
  return dialog.querySelector(".modal-body input, .modal-body textarea, .modal-body select")
    ?? dialog.querySelector("[data-view-submit]");
}

/** No accidents: Enter in a field never submits a modal, the named button does. */
function stopEnter(event) {
  if (event.key === "Enter" && event.target.tagName === "INPUT") event.preventDefault();
}

function keptInputs(typed, view) {
  const held = { ...view.state?.values };
  for (const block of view.blocks) if (block.type === "input" && typed[block.block_id]) held[block.block_id] = typed[block.block_id];
  return held;
}

/** Draws the App Home into `container`; the same published view is not drawn twice. */
export function renderHome(container, app) {
  const view = app.workspace.home;
  const mark = `${app.workspace.me}|${view?.hash ?? ""}|${failuresOf(app, view)}`;
  if (container.dataset.drawn === mark) return;
  const held = view && container.dataset.viewId === view.id ? collectState(container) : view?.state?.values;
  container.dataset.drawn = mark;
  container.dataset.viewId = view?.id ?? "";
  const empty = el("p", { class: "empty" }, "Nothing published here yet. The app fills its Home when it is running and this tab is opened.");
  container.replaceChildren(view ? el("div", { class: "blocks" }, renderBlocks(view.blocks, viewSurface(app, view, held))) : empty);
}

function failuresOf(app, view) {
  return [...app.workspace.failures.keys()].filter((key) => key.startsWith(`${view?.id}|`)).join();
}
