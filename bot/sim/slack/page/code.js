// Preformatted text with a copy button: commands are shown whole, wrap on a phone, and can be taken along exactly.

import { append, el, icon, plain } from "./dom.js";

const SHOWN_MS = 1500;
const WORDS_KEPT = 2000; // characters; commands break between arguments, longer output breaks anywhere
const LONGEST_WORD = 36; // about the width of a phone; longer arguments must break inside

/** A `pre` with its copy button. `content` is a string or nodes. */
export function codeBlock(content) {
  const shown = typeof content === "string" && content.length <= WORDS_KEPT ? content.split(/(\s+)/).map(word) : content;
  const pre = append(el("pre", { class: "code", tabindex: "0" }), shown);
  const exact = typeof content === "string" ? content : pre.textContent;
  return el("div", { class: "code-frame" }, pre, copyButton(exact));
}

/** An argument that a line break may not split, though it contains hyphens or slashes. */
function word(text) {
  return text.length <= LONGEST_WORD && /[-/?|]/.test(text) ? el("span", { class: "word" }, plain(text)) : plain(text);
}

function copyButton(text) {
  const button = el("button", { type: "button", class: "copy-button", "aria-label": "Copy", title: "Copy" }, icon("copy"));
  button.addEventListener("click", async () => {
    const done = await copyText(text);
    button.replaceChildren(icon(done ? "check" : "warn"));
    button.setAttribute("aria-label", done ? "Copied" : "Copying is not allowed here");
    setTimeout(() => {
      button.replaceChildren(icon("copy"));
      button.setAttribute("aria-label", "Copy");
    }, SHOWN_MS);
  });
  return button;
}

/** Whether the text reached the clipboard. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or no secure context
  }
}
