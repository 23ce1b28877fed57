// The `markdown` block: the small part of standard Markdown that a bot's own templates use.
//
// Headings, paragraphs, lists, quotes, fences, rules; bold, italic, strike, code, links. Anything else stays literal text.

import { codeBlock } from "./code.js";
import { el, link, plain } from "./dom.js";

/** A Markdown text as DOM. */
export function renderMarkdown(text) {
  const lines = String(text ?? "").replace(/\r\n?/g, "\n").split("\n");
  const root = el("div", { class: "markdown" });
  let at = 0;
  while (at < lines.length) {
    const rule = RULES.find(([pattern]) => pattern.test(lines[at]));
    const taken = rule[1](root, lines, at);
    at += Math.max(1, taken);
  }
  return root;
}

const RULES = [
  [/^\s*$/, () => 1],
  [/^```/, fence],
  [/^#{1,6}\s/, heading],
  [/^(-{3,}|\*{3,})\s*$/, (root) => { root.append(el("hr")); return 1; }],
  [/^>\s?/, (root, lines, at) => gather(root, lines, at, { tag: "blockquote", pattern: /^>\s?/ })],
  [/^\s*[-*+]\s+/, (root, lines, at) => items(root, lines, at, { tag: "ul", pattern: /^\s*[-*+]\s+/ })],
  [/^\s*\d+[.)]\s+/, (root, lines, at) => items(root, lines, at, { tag: "ol", pattern: /^\s*\d+[.)]\s+/ })],
  [/^/, paragraph],
];

function fence(root, lines, at) {
  const end = lines.findIndex((line, index) => index > at && /^```\s*$/.test(line));
  const last = end < 0 ? lines.length : end;
  root.append(codeBlock(lines.slice(at + 1, last).join("\n")));
  return last - at + 1;
}

function heading(root, lines, at) {
  const [, marks, text] = /^(#{1,6})\s+(.*)$/.exec(lines[at]) ?? [null, "#", lines[at]];
  root.append(el("p", { class: `md-heading md-${marks.length}`, role: "heading", "aria-level": marks.length + 2 }, inline(text)));
  return 1;
}

function run(lines, at, pattern) {
  let end = at;
  while (end < lines.length && pattern.test(lines[end])) end += 1;
  return lines.slice(at, end).map((line) => line.replace(pattern, ""));
}

function gather(root, lines, at, { tag, pattern }) {
  const body = run(lines, at, pattern);
  root.append(el(tag, { class: "text" }, inline(body.join("\n"))));
  return body.length;
}

function items(root, lines, at, { tag, pattern }) {
  const bodies = run(lines, at, pattern);
  root.append(el(tag, { class: "text" }, bodies.map((body) => el("li", {}, inline(body)))));
  return bodies.length;
}

function paragraph(root, lines, at) {
  let end = at + 1;
  while (end < lines.length && RULES.at(-1) === RULES.find(([pattern]) => pattern.test(lines[end]))) end += 1;
  root.append(el("p", { class: "text" }, inline(lines.slice(at, end).join("\n"))));
  return end - at;
}

const SPANS =
  /(`)([^`\n]+)`|(\*\*)(?=\S)([^\n*]+?)\*\*|(~~)(?=\S)([^\n~]+?)~~|([*_])(?=\S)([^\n*_]+?)\7(?![\p{L}\p{N}])|\[([^\]\n]{1,500})\]\(([^)\s]{1,3000})\)/gu;

function inline(text) {
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(SPANS)) {
    fragment.append(plain(text.slice(from, match.index)), span(match));
    from = match.index + match[0].length;
  }
  fragment.append(plain(text.slice(from)));
  return fragment;
}

function span([, code, codeText, bold, boldText, strike, strikeText, italic, italicText, label, url]) {
  if (code) return el("code", {}, codeText);
  if (bold) return el("strong", {}, boldText);
  if (strike) return el("s", {}, strikeText);
  if (italic) return el("em", {}, italicText);
  return link(url, plain(label));
}
