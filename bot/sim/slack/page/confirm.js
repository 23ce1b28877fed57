// The confirm dialog of an element. https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object

import { el, uniqueId } from "./dom.js";
import { plainText, textNode } from "./texts.js";

/** Asks; resolves to true only when the confirming button was pressed. The safe answer has the focus. */
export function confirmed(confirm, names) {
  const [title, body] = [uniqueId("confirm"), uniqueId("confirm")];
  return new Promise((resolve) => {
    const answer = (value) => () => {
      dialog.returnValue = value;
      dialog.close();
    };
    const style = confirm.style === "danger" ? "danger" : "primary";
    const deny = el("button", { type: "button", class: "btn", autofocus: true, data: { confirm: "no" }, on: { click: answer("") } },
      plainText(confirm.deny) || "Cancel");
    const accept = el("button", { type: "button", class: `btn ${style}`, data: { confirm: "yes" }, on: { click: answer("yes") } },
      plainText(confirm.confirm) || "Yes");
    const dialog = el("dialog", { class: "confirm", role: "alertdialog", "aria-labelledby": title, "aria-describedby": body },
      el("h2", { id: title }, plainText(confirm.title)),
      el("div", { id: body, class: "confirm-text" }, textNode(confirm.text, names)),
      el("div", { class: "confirm-buttons" }, deny, accept));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
