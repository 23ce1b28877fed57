// rich_text blocks: typed elements, nothing is parsed. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block

import { codeBlock } from "./code.js";
import { append, el, link, plain } from "./dom.js";
import { emojiNamed } from "./emoji.js";
import { broadcast } from "./mrkdwn.js";
import { formatDate } from "./times.js";

const INDENT_LIMIT = 8;

/** A rich_text block, or a rich_text cell of a table. */
export function renderRichText(block, names) {
  const parts = (block.elements ?? []).map((part) => renderPart(part, names));
  return el("div", { class: "rich-text" }, parts);
}

function renderPart(part, names) {
  const children = () => (part.elements ?? []).map((element) => renderElement(element, names));
  switch (part.type) {
    case "rich_text_section":
      return el("div", { class: "text" }, children());
    case "rich_text_quote":
      return el("blockquote", { class: "text" }, children());
    case "rich_text_preformatted":
      return codeBlock(exactText(part) ?? children());
    case "rich_text_list":
      return list(part, names);
    default:
      return el("pre", { class: "unknown" }, JSON.stringify(part));
  }
}

/** The text of a preformatted part that consists of text only: copied exactly, without marks for odd characters. */
function exactText(part) {
  const elements = part.elements ?? [];
  return elements.every((element) => element.type === "text") ? elements.map((one) => one.text).join("") : null;
}

function list(part, names) {
  const items = (part.elements ?? []).map((item) => el("li", {}, renderPart(item, names)));
  const indent = Math.min(Number(part.indent) || 0, INDENT_LIMIT);
  const attributes = { class: `text indent-${indent}`, start: part.offset ? Number(part.offset) + 1 : null };
  return el(part.style === "ordered" ? "ol" : "ul", attributes, items);
}

function renderElement(element, names) {
  const style = element.style ?? {};
  switch (element.type) {
    case "text":
      return styled(plain(element.text ?? ""), style);
    case "link":
      return styled(link(element.url, plain(element.text || element.url || "")), style);
    case "user":
      return styled(names.userMention(element.user_id), style);
    case "channel":
      return styled(names.channelMention(element.channel_id), style);
    case "usergroup":
      return styled(names.groupMention(element.usergroup_id), style);
    case "broadcast":
      return styled(broadcast(element.range), style);
    case "emoji":
      return styled(plain(emojiNamed(element.name) ?? `:${element.name}:`), style);
    case "date":
      return styled(plain(formatDate(Number(element.timestamp), element.format) ?? element.fallback ?? ""), style);
    case "color":
      return styled(el("code", {}, element.value), style);
    default:
      return el("code", { class: "unknown" }, JSON.stringify(element));
  }
}

const TAGS = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"]];

function styled(node, style) {
  return TAGS.reduce((inner, [key, tag]) => (style[key] ? append(el(tag), inner) : inner), node);
}
