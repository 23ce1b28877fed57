// Messages as DOM: who, when, what, and what hangs on it - reactions, replies, the mark of whom it would notify.

import { Refusal, post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { copyText } from "./code.js";
import { el, icon } from "./dom.js";
import { REACTIONS, emojiNamed } from "./emoji.js";
import { menuButton } from "./menus.js";
import { flatten, renderMrkdwn } from "./mrkdwn.js";
import { failureKey, isReply } from "./store.js";
import { messageSurface } from "./surfaces.js";
import { clockTime, exactTime } from "./times.js";

const LONG_TEXT = 3000; // characters; longer messages are folded, so that one alert cannot push everything away
const SUMMARY_LENGTH = 300;

/** Everything that a message's look depends on; equal signatures mean that the drawn node can stay. */
export function signature(message, app, { channel, inThread }) {
  const failed = [...app.workspace.failures].filter(([key]) => key.startsWith(`${failureKey(`${channel}|${message.ts}`, "")}`));
  return JSON.stringify([message, inThread, app.workspace.me, failed, inThread ? 0 : replyCount(message, app, channel)]);
}

/** One message. `held` are values typed into its elements before it was drawn anew. */
export function messageNode(message, app, { channel, inThread, held }) {
  const { names } = app;
  const author = message.user ?? message.bot_id ?? "";
  const isWhisper = message.is_ephemeral === true || app.workspace.ephemerals.has(message.ts);
  const isGone = message.subtype === "tombstone";
  const kind = [isWhisper && "whisper", isGone && "gone", message.blocks && "with-blocks", message.bot_id && "from-bot"].filter(Boolean);
  return el(
    "article",
    { class: `message ${kind.join(" ")}`, tabindex: "-1", "aria-label": summary(message, app),
      data: { ts: message.ts, channel, threadTs: message.thread_ts, ephemeral: isWhisper ? "true" : null } },
    isWhisper && el("p", { class: "whisper-note" }, icon("eye"), "Only visible to you"),
    el("div", { class: "message-head" },
      names.avatar(author),
      el("strong", { class: "author" }, message.username ?? names.person(author)),
      (message.bot_id || names.user(author).is_bot) && el("span", { class: "tag" }, "App"),
      names.user(author).is_guest && el("span", { class: "tag" }, "Guest"),
      el("time", { class: "when", title: exactTime(message.ts), datetime: new Date(Number(message.ts) * 1000).toISOString() }, clockTime(message.ts)),
      !isGone && messageMenu(message, app, { channel, isWhisper, inThread })),
    el("div", { class: "message-body" },
      body(message, app, { channel, held }),
      message.edited && el("span", { class: "edited" }, "(edited)"),
      notifyMark(message, app),
      reactions(message, app, channel),
      !inThread && replyBar(message, app, channel)),
  );
}

/** "Ana Ruiz, 04:17: text" - what a screen reader reads first. */
export function summary(message, app) {
  const text = flatten(message.text ?? "", app.names).slice(0, SUMMARY_LENGTH);
  return `${app.names.person(message.user ?? message.bot_id ?? "")}, ${clockTime(message.ts)}: ${text}`;
}

function body(message, app, { channel, held }) {
  const surface = messageSurface(app, { channel, ts: message.ts, held });
  const content = message.blocks?.length
    ? el("div", { class: "blocks" }, renderBlocks(message.blocks, surface))
    : el("div", { class: "text" }, renderMrkdwn(message.text, { names: app.names, automatic: "links" }));
  const attached = (message.attachments ?? []).map((one) => attachment(one, surface));
  const files = (message.files ?? []).map((file) => el("p", { class: "file" }, icon("copy"), file.title ?? file.name ?? file.id));
  const whole = el("div", { class: "content" }, content, attached, files);
  return lengthOf(message) > LONG_TEXT ? folded(whole) : whole;
}

function attachment(one, surface) {
  const inside = one.blocks ? renderBlocks(one.blocks, surface) : renderMrkdwn(one.text ?? one.fallback ?? "", { names: surface.names });
  return el("div", { class: "attachment text" }, inside);
}

/** Characters of running text; buttons and ids do not count. */
function lengthOf(message) {
  let count = message.blocks ? 0 : (message.text ?? "").length;
  JSON.stringify(message.blocks ?? [], (key, value) => {
    if (key === "text" && typeof value === "string") count += value.length;
    return value;
  });
  return count;
}

function folded(content) {
  content.classList.add("folded");
  const more = el("button", { type: "button", class: "link-button" }, "Show all");
  more.addEventListener("click", () => {
    const isFolded = content.classList.toggle("folded");
    more.textContent = isFolded ? "Show all" : "Show less";
  });
  return [content, more];
}

function notifyMark(message, app) {
  const people = message.notifies ?? [];
  if (people.length === 0) return null;
  const text = `would notify: ${people.length} ${people.length === 1 ? "person" : "people"}`;
  const names = people.map((id) => app.names.person(id)).join(", ");
  return el("details", { class: "notifies", data: { notifies: people.length } },
    el("summary", { title: names }, icon("bell"), text), el("span", {}, names));
}

function reactions(message, app, channel) {
  const list = message.reactions ?? [];
  if (list.length === 0) return null;
  const pill = ({ name, users, count }) =>
    el("button", { type: "button", class: "reaction", "aria-pressed": String(users.includes(app.workspace.me)),
      "aria-label": `${name}, ${count}`, title: users.map((id) => app.names.person(id)).join(", "),
      on: { click: () => react(app, { channel, ts: message.ts, name }) } }, `${emojiNamed(name) ?? `:${name}:`} ${count}`);
  return el("div", { class: "reactions" }, list.map(pill));
}

async function react(app, reaction) {
  await attempt(app, () => post("/ui/reaction", { user: app.workspace.me, ...reaction }));
}

async function attempt(app, work) {
  try {
    await work();
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    app.notices.error(problem.message);
  }
}

function repliesTo(message, app, channel) {
  return [...app.workspace.messagesIn(channel).values()].filter((one) => isReply(one) && one.thread_ts === message.ts);
}

function replyCount(message, app, channel) {
  if (isReply(message)) return 0;
  return message.reply_count || message.thread_ts ? Math.max(message.reply_count ?? 0, repliesTo(message, app, channel).length) : 0;
}

function replyBar(message, app, channel) {
  const count = replyCount(message, app, channel);
  if (count === 0) return null;
  const last = message.latest_reply ?? repliesTo(message, app, channel).at(-1)?.ts;
  return el("button", { type: "button", class: "reply-bar", data: { openThread: message.ts }, on: { click: () => app.openThread(channel, message.ts) } },
    icon("reply"), el("strong", {}, `${count} ${count === 1 ? "reply" : "replies"}`),
    last && el("span", { class: "muted" }, `last at ${clockTime(last)}`));
}

function messageMenu(message, app, { channel, isWhisper, inThread }) {
  const thread = isReply(message) ? message.thread_ts : message.ts;
  const items = () => [
    !isWhisper && !inThread && { label: "Reply in thread", run: () => app.openThread(channel, thread) },
    { label: "Copy text", run: () => void copyText(flatten(message.text ?? "", app.names)) },
    { label: "Copy link", run: () => void copyText(app.linkTo(channel, isReply(message) ? thread : null)) },
    isWhisper && { label: "Dismiss message", run: () => app.forget(message.ts) },
    ...(isWhisper ? [] : REACTIONS.map((name) => ({
      label: `React ${emojiNamed(name)}`, note: name, run: () => react(app, { channel, ts: message.ts, name }) }))),
    ...(isWhisper ? [] : app.workspace.shortcuts.filter((one) => one.type === "message").map((one) => ({
      label: one.name, note: one.description, data: { shortcut: one.callback_id },
      run: () => void attempt(app, () => post("/ui/shortcut",
        { user: app.workspace.me, callback_id: one.callback_id, channel, message_ts: message.ts })) }))),
  ].filter(Boolean);
  return menuButton({ drawing: "more", label: "Message actions", class: "icon-button message-menu", items });
}
