// The line one writes in: grows with the text, completes slash commands and names, keeps the text when sending fails.

import { el, icon, uniqueId } from "./dom.js";
import { listKeys } from "./menus.js";

const TALLEST = 160; // CSS pixels

/**
 * A composer. `send(text)` may throw; its message is shown and the text stays.
 * `offers` has commands(), shortcutsMenu() and people() for the lists; `inThread` switches slash commands off.
 */
export class Composer {
  constructor({ testId, inThread, send, offers }) {
    Object.assign(this, { inThread, send, offers });
    const [listId, errorId] = [uniqueId("complete"), uniqueId("composer-error")];
    this.list = el("ul", { class: "complete", role: "listbox", id: listId, "aria-label": "Suggestions", hidden: true });
    this.error = el("p", { class: "composer-error", id: errorId, role: "alert", hidden: true });
    this.input = el("textarea", {
      rows: "1", data: { testid: testId }, role: "combobox", "aria-autocomplete": "list", "aria-controls": listId,
      "aria-expanded": "false", "aria-describedby": errorId, autocomplete: "off",
    });
    this.button = el("button", { type: "submit", class: "icon-button send", "aria-label": "Send", title: "Send" }, icon("send"));
    this.node = el("form", { class: "composer" }, this.list, this.error,
      el("div", { class: "composer-box" }, offers.shortcutsMenu?.(), this.input, this.button));
    this.listen();
  }

  listen() {
    this.input.addEventListener("input", () => this.changed());
    this.input.addEventListener("blur", () => this.hide());
    listKeys(this.input, this.list);
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Tab" && !this.list.hidden) this.takeFirst(event);
      else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        void this.submit();
      }
    });
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
  }

  /** What the empty line says. */
  set placeholder(text) {
    this.input.placeholder = text;
    this.input.setAttribute("aria-label", text);
  }

  changed() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, TALLEST)}px`;
    this.showError("");
    const rows = this.suggestions();
    this.list.replaceChildren(...rows);
    this.list.hidden = rows.length === 0;
    this.input.setAttribute("aria-expanded", String(rows.length > 0));
    this.input.removeAttribute("aria-activedescendant");
  }

  suggestions() {
    const before = this.input.value.slice(0, this.input.selectionStart);
    if (before.startsWith("/")) return this.commandRows(before);
    const name = /(?:^|\s)@([\w.-]*)$/.exec(before);
    return name ? this.nameRows(name[1].toLowerCase()) : [];
  }

  commandRows(typed) {
    if (this.inThread) return [el("li", { class: "complete-note" }, "Slash commands do not work in threads. Use the channel, a button, or a mention.")];
    const [word] = typed.split(/\s/, 1);
    const matching = this.offers.commands().filter(({ command }) => (typed.includes(" ") ? command === word : command.startsWith(word)));
    const row = ({ command, description, usage_hint: hint }) =>
      this.row(`${command} `, typed, [
        el("span", { class: "complete-main" }, el("strong", {}, command), hint && el("code", {}, hint)), el("span", { class: "muted" }, description)],
        { command });
    return matching.map(row);
  }

  nameRows(typed) {
    const matching = this.offers.people().filter(({ handle, name }) => handle.toLowerCase().startsWith(typed) || name.toLowerCase().startsWith(typed));
    return matching.slice(0, 8).map(({ handle, name }) =>
      this.row(`@${handle} `, `@${typed}`, [el("strong", {}, `@${handle}`), el("span", { class: "muted" }, name)], { mention: handle }));
  }

  row(replacement, typed, content, data) {
    const take = () => this.complete(replacement, typed.length);
    return el("li", { role: "option", class: "option", "aria-selected": "false", data,
      on: { pointerdown: (event) => event.preventDefault(), click: take } }, content);
  }

  takeFirst(event) {
    const option = this.list.querySelector("[aria-selected=true]") ?? this.list.querySelector("[role=option]");
    if (!option) return;
    event.preventDefault();
    option.click();
  }

  /** Puts a completion in the place of what was typed of it. */
  complete(text, typedLength) {
    const at = this.input.selectionStart;
    const isWholeCommand = text.startsWith("/") && this.input.value.startsWith(text);
    if (!isWholeCommand) this.input.setRangeText(text, at - typedLength, at, "end");
    this.input.focus();
    this.changed();
  }

  hide() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  showError(text) {
    this.error.textContent = text;
    this.error.hidden = text === "";
  }

  async submit() {
    const text = this.input.value.trim();
    if (text === "" || this.node.getAttribute("aria-busy") === "true") return;
    this.hide();
    this.node.setAttribute("aria-busy", "true");
    try {
      const problem = await this.send(text);
      if (problem) this.showError(problem);
      else this.clear();
    } finally {
      this.node.removeAttribute("aria-busy");
    }
  }

  clear() {
    this.input.value = "";
    this.changed();
  }
}
