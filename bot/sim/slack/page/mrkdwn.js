// Slack's mrkdwn as DOM. https://docs.slack.dev/messaging/formatting-message-text
//
// The text is hostile: nodes are made one by one, never from markup, and every scan is linear in its length.
// Order: code fences, quotes (whole lines), then inline code, <...> controls, bold/italic/strike, emoji, bare links.

import { codeBlock } from "./code.js";
import { el, link, plain } from "./dom.js";
import { emojiNamed } from "./emoji.js";
import { formatDate } from "./times.js";

const STYLES = { "*": "strong", _: "em", "~": "s" };
const LONGEST_CONTROL = 4000; // a URL has 3,000 characters at most; beyond that "<" is a stray sign
const WORD = /[\p{L}\p{N}]/u;
const BARE = /(https?:\/\/[^\s<>|]+)|(?<![\w@])@(here|channel|everyone)\b|(?<![\w&#])#([a-z0-9][\w-]{0,79})/g;

/** The three escapes that Slack knows, nothing else, and each only once. */
export function unescape(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
}

/**
 * Renders a mrkdwn text.
 * @param {string} text
 * @param {{names: object, verbatim?: boolean, automatic?: "all"|"links"|"none"}} context names resolves ids;
 *   `automatic` says what bare text may become: everything (text objects), links only (top-level text), or nothing.
 * @returns {DocumentFragment}
 */
export function renderMrkdwn(text, context) {
  const automatic = context.verbatim ? "none" : (context.automatic ?? "all");
  const scope = { names: context.names, automatic };
  const fragment = document.createDocumentFragment();
  for (const part of splitFences(String(text ?? ""))) {
    if (part.code !== undefined) fragment.append(codeBlock(unescape(part.code)));
    else for (const group of splitQuotes(part.text)) appendGroup(fragment, group, scope);
  }
  return fragment;
}

/** The text without marks, mentions by name: what a push notification shows. */
export function flatten(text, names) {
  const holder = el("div");
  holder.append(renderMrkdwn(text, { names, automatic: "none" }));
  return holder.textContent;
}

function splitFences(text) {
  const parts = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf("```", at);
    const close = open < 0 ? -1 : text.indexOf("```", open + 3);
    if (close < 0) break;
    if (close > open + 3) {
      if (open > at) parts.push({ text: text.slice(at, open).replace(/\n$/, "") });
      parts.push({ code: text.slice(open + 3, close).replace(/^\n|\n$/g, "") });
    } else {
      parts.push({ text: text.slice(at, close + 3) });
    }
    at = close + 3;
    if (text[at] === "\n") at += 1;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}

function splitQuotes(text) {
  const groups = [];
  let rest = false; // after >>> everything is quoted
  for (const line of text.split("\n")) {
    const mark = /^(?:&gt;|>)((?:&gt;|>){2})?/.exec(line);
    const quoted = rest || mark !== null;
    const body = mark && !rest ? line.slice(mark[0].length).replace(/^ /, "") : line;
    rest = rest || Boolean(mark?.[1]);
    const last = groups.at(-1);
    if (last && last.quoted === quoted) last.lines.push(body);
    else groups.push({ quoted, lines: [body] });
  }
  return groups;
}

function appendGroup(fragment, group, scope) {
  const target = group.quoted ? el("blockquote") : fragment;
  target.append(inline(group.lines.join("\n"), scope, ""));
  if (group.quoted) fragment.append(target);
}

/** One run of text without fences and quotes. `within` holds the style marks already open. */
function inline(text, scope, within) {
  const fragment = document.createDocumentFragment();
  const hopeless = new Set(); // marks that have no partner in the rest of the line
  let plainFrom = 0;
  let at = 0;
  while (at < text.length) {
    const sign = text[at];
    if (sign === "\n") hopeless.clear();
    const found = SIGNS.has(sign) ? atSign(text, at, { scope, within, hopeless }) : null;
    if (found === null) {
      at += 1;
      continue;
    }
    appendText(fragment, text.slice(plainFrom, at), scope);
    fragment.append(found.node);
    at = plainFrom = found.end;
  }
  appendText(fragment, text.slice(plainFrom), scope);
  return fragment;
}

const SIGNS = new Set(["`", "<", "*", "_", "~", ":"]);

function atSign(text, at, state) {
  const sign = text[at];
  if (sign === "`") return inlineCode(text, at, state.hopeless);
  if (sign === "<") return control(text, at, state.scope);
  if (sign === ":") return emoji(text, at);
  return styled(text, at, state);
}

function inlineCode(text, at, hopeless) {
  if (hopeless.has("`")) return null;
  const end = text.indexOf("`", at + 1);
  const newline = text.indexOf("\n", at + 1);
  if (end < 0 || (newline >= 0 && newline < end)) {
    hopeless.add("`");
    return null;
  }
  if (end === at + 1) return null;
  return { node: el("code", {}, unescape(text.slice(at + 1, end))), end: end + 1 };
}

function controlEnd(text, at) {
  for (let end = at + 1; end < text.length && end - at < LONGEST_CONTROL; end += 1) {
    const sign = text[end];
    if (sign === ">") return end;
    if (sign === "<" || sign === "\n") return -1;
  }
  return -1;
}

function control(text, at, scope) {
  const end = controlEnd(text, at);
  if (end < 0) return null;
  const [target, ...labels] = text.slice(at + 1, end).split("|");
  const label = labels.join("|");
  const node = controlNode(target, label, scope.names);
  return node && { node, end: end + 1 };
}

function controlNode(target, label, names) {
  if (/^@[UW]/.test(target)) return names.userMention(target.slice(1));
  if (/^#C/.test(target)) return names.channelMention(target.slice(1));
  if (target.startsWith("!subteam^")) return names.groupMention(target.slice(9));
  if (target.startsWith("!date^")) return dateNode(target, label);
  if (/^!(here|channel|everyone)$/.test(target)) return broadcast(target.slice(1));
  if (/^(https?:\/\/|mailto:|tel:)/i.test(target)) {
    const address = unescape(target);
    return link(address, label ? unescape(label) : address.replace(/^mailto:/i, ""));
  }
  return null;
}

function dateNode(target, label) {
  const [, seconds, tokens, url] = target.split("^");
  const text = formatDate(Number(seconds), unescape(tokens ?? "")) ?? unescape(label);
  return el("time", { class: "date", title: unescape(label) }, url ? link(unescape(url), text) : text);
}

/** The mark of @here, @channel and @everyone. */
export function broadcast(range) {
  return el("span", { class: "mention mention-all", data: { broadcast: range } }, `@${range}`);
}

function emoji(text, at) {
  const match = /^:([a-z0-9_+-]{1,40}):/.exec(text.slice(at, at + 42));
  const character = match && emojiNamed(match[1]);
  if (!character) return null;
  return { node: el("span", { role: "img", "aria-label": match[1] }, character), end: at + match[0].length };
}

function styled(text, at, { scope, within, hopeless }) {
  const sign = text[at];
  if (within.includes(sign) || hopeless.has(sign) || !mayOpen(text, at)) return null;
  const end = closing(text, at);
  if (end < 0) {
    hopeless.add(sign);
    return null;
  }
  const children = inline(text.slice(at + 1, end), scope, within + sign);
  return { node: el(STYLES[sign], {}, children), end: end + 1 };
}

function mayOpen(text, at) {
  const before = text[at - 1] ?? " ";
  const after = text[at + 1] ?? " ";
  return !WORD.test(before) && before !== text[at] && /\S/.test(after) && after !== text[at];
}

/** Where the style that opens at `at` ends on the same line; code and <...> in between are stepped over. */
function closing(text, at) {
  const sign = text[at];
  for (let end = at + 2; end < text.length && text[end] !== "\n"; end += 1) {
    if (text[end] === "<") {
      const over = controlEnd(text, end);
      if (over > 0) end = over;
    } else if (text[end] === sign && /\S/.test(text[end - 1]) && !WORD.test(text[end + 1] ?? " ")) {
      return end;
    }
  }
  return -1;
}

function appendText(fragment, text, scope) {
  if (text === "") return;
  if (scope.automatic === "none") {
    fragment.append(plain(unescape(text)));
    return;
  }
  let from = 0;
  for (const match of text.matchAll(BARE)) {
    const node = bareNode(match, scope);
    if (node === null) continue;
    if (match.index > from) fragment.append(plain(unescape(text.slice(from, match.index))));
    fragment.append(node);
    from = match.index + match[0].length;
  }
  if (from < text.length) fragment.append(plain(unescape(text.slice(from))));
}

function bareNode([whole, url, range, channel], scope) {
  if (url) return link(unescape(whole), unescape(whole));
  if (scope.automatic !== "all") return null;
  return range ? broadcast(range) : scope.names.channelNamed(channel);
}
