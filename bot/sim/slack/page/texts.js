// Text objects: plain_text is shown as it is, mrkdwn is parsed. https://docs.slack.dev/reference/block-kit/composition-objects

import { el, plain } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { flatten, renderMrkdwn } from "./mrkdwn.js";

/** A text object as DOM. */
export function textNode(object, names, attributes = {}) {
  const content =
    object?.type === "mrkdwn"
      ? renderMrkdwn(object.text, { names, verbatim: object.verbatim === true })
      : plain(plainText(object));
  return el("span", { ...attributes, class: `text ${attributes.class ?? ""}` }, content);
}

/** A text object as a string, for places that cannot hold nodes: options, labels, titles. */
export function plainText(object, names) {
  const text = String(object?.text ?? "");
  if (object?.type === "mrkdwn" && names) return flatten(text, names);
  return object?.emoji === false ? text : withEmoji(text);
}
