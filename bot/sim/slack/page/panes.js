// The three columns: conversations, the open conversation, the open thread. On a phone one of them at a time.

import { Refusal, post } from "./api.js";
import { Composer } from "./composer.js";
import { append, el, icon, iconButton } from "./dom.js";
import { MessageList } from "./lists.js";
import { menuButton } from "./menus.js";
import { renderHome } from "./views.js";

const REFUSALS = {
  not_supported_in_threads: "Slash commands cannot be used in threads. Send it in the channel instead.",
  is_archived: "This channel is archived.",
};

/** The list of conversations. */
export class Sidebar {
  constructor(app) {
    this.app = app;
    this.node = el("nav", { class: "pane sidebar", "aria-label": "Conversations" });
  }

  draw() {
    const { workspace, route } = this.app;
    const channels = [...workspace.channels.values()].filter((one) => !one.is_archived && !one.is_im).sort((a, b) => a.name.localeCompare(b.name));
    const archived = [...workspace.channels.values()].filter((one) => one.is_archived);
    const bot = workspace.bot;
    const mark = JSON.stringify([channels, archived, bot, workspace.me, route, [...workspace.unread], workspace.team]);
    if (mark === this.drawn) return;
    this.drawn = mark;
    this.node.replaceChildren();
    append(this.node, [
      el("p", { class: "sidebar-team" }, workspace.team.name, el("span", { class: "muted" }, "simulated workspace")),
      el("h2", {}, "Channels"),
      el("ul", {}, channels.map((channel) => this.entry(channel))),
      bot && el("h2", {}, "Apps"),
      bot && el("ul", {}, this.homeEntry(bot)),
      archived.length > 0 && el("h2", {}, "Archived"),
      archived.length > 0 && el("ul", {}, archived.map((channel) => this.entry(channel))),
    ]);
  }

  entry(channel) {
    const { workspace, route } = this.app;
    const unread = workspace.unread.get(channel.id) ?? 0;
    const isOpen = route.pane !== "home" && route.channel === channel.id;
    return el("li", {},
      el("button", { type: "button", class: `place${unread ? " unread" : ""}`, "aria-current": isOpen ? "page" : null,
        data: { channelEntry: channel.id }, on: { click: () => this.app.openChannel(channel.id) } },
      icon(channel.is_private ? "lock" : "hash"), el("span", { class: "place-name" }, channel.name),
      unread > 0 && el("span", { class: "count", "aria-label": `${unread} unread` }, String(unread))));
  }

  homeEntry(bot) {
    const { app } = this;
    const unread = app.workspace.unread.get(app.workspace.botChannel?.id) ?? 0;
    return el("li", {},
      el("button", { type: "button", class: `place${unread ? " unread" : ""}`, "aria-current": app.route.pane === "home" ? "page" : null,
        data: { testid: "app-home" }, on: { click: () => app.openHome() } },
      app.names.avatar(bot.id), el("span", { class: "place-name" }, app.names.person(bot.id)),
      unread > 0 && el("span", { class: "count", "aria-label": `${unread} unread` }, String(unread))));
  }
}

/** Sends what was written: a command, or a message; gives back the sentence to show when it was refused. */
async function send(app, { text, channel, thread }) {
  const user = app.workspace.me;
  try {
    if (text.startsWith("/")) await post("/ui/command", { user, channel, text, in_thread: Boolean(thread) });
    else await post("/ui/message", { user, channel, text, ...(thread ? { thread_ts: thread } : {}) });
    return null;
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    return REFUSALS[problem.code] ?? problem.message;
  }
}

function offersOf(app) {
  return {
    commands: () => app.workspace.commands,
    people: () => [
      ...[...app.workspace.users.values()].filter((user) => !user.deleted).map((user) => ({ handle: user.name, name: user.real_name })),
      ...[...app.workspace.usergroups.values()].map((group) => ({ handle: group.handle, name: group.name })),
    ],
  };
}

function globalShortcuts(app) {
  const run = (one) => async () => {
    try {
      await post("/ui/shortcut", { user: app.workspace.me, callback_id: one.callback_id });
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      app.notices.error(problem.message);
    }
  };
  const own = () => app.workspace.shortcuts.filter((one) => one.type === "global");
  const items = () => [
    ...own().map((one) => ({ label: one.name, note: one.description, data: { shortcut: one.callback_id }, run: run(one) })),
    ...app.workspace.commands.map((one) => ({ label: one.command, note: one.description, run: () => app.channelPane.startCommand(one.command) })),
  ];
  return menuButton({ drawing: "plus", label: "Shortcuts and commands", class: "icon-button", items });
}

/** The open conversation with its composer. */
export class ChannelPane {
  constructor(app) {
    this.app = app;
    this.list = new MessageList(app, { inThread: false, label: "Messages" });
    this.composer = new Composer({
      testId: "composer", inThread: false, send: (text) => send(app, { text, channel: app.route.channel }),
      offers: { ...offersOf(app), shortcutsMenu: () => globalShortcuts(app) },
    });
    this.head = el("header", { class: "pane-head" });
    this.node = el("main", { class: "pane channel-pane", id: "main" }, this.head, this.list.node, this.composer.node);
  }

  draw() {
    const { workspace, route, names } = this.app;
    const channel = workspace.channels.get(route.channel);
    this.node.hidden = route.pane === "home";
    this.composer.node.hidden = !channel;
    if (!channel) return this.drawNothing();
    const title = names.channelTitle(channel);
    this.composer.placeholder = channel.is_im ? `Message ${title}` : `Message #${title}`;
    this.drawHead(channel, title);
    const empty = `This is the very beginning of ${channel.is_im ? title : `#${title}`}.`;
    this.list.show(workspace.channelMessages(channel.id), { channel: channel.id, key: `${workspace.me}|${channel.id}`, empty });
  }

  /** A guest who was invited to no channel. */
  drawNothing() {
    this.drawnHead = "";
    this.head.replaceChildren(
      iconButton("back", "Back to conversations", () => this.app.go({ pane: "channels" }), { class: "phone-only" }),
      el("div", { class: "pane-title" }, el("h1", {}, "No channels")));
    this.list.show([], { channel: "", key: "", empty: "You are not in any channel of this workspace." });
  }

  drawHead(channel, title) {
    const mark = JSON.stringify([channel, title]);
    if (mark === this.drawnHead) return;
    this.drawnHead = mark;
    this.head.replaceChildren(
      iconButton("back", "Back to conversations", () => this.app.go({ pane: "channels" }), { class: "phone-only" }),
      el("div", { class: "pane-title" },
        el("h1", {}, !channel.is_im && icon(channel.is_private ? "lock" : "hash"), title),
        el("p", { class: "muted" }, channel.topic || (channel.is_im ? "Direct message" : `${channel.members.length} members`))),
      ...(channel.is_im ? [iconButton("home", "App Home", () => this.app.openHome())] : []),
      this.list.pill);
  }

  /** Puts a command into the composer, ready to be completed. */
  startCommand(command) {
    this.composer.input.value = `${command} `;
    this.composer.input.focus();
    this.composer.changed();
  }
}

/** The open thread. */
export class ThreadPane {
  constructor(app) {
    this.app = app;
    this.list = new MessageList(app, { inThread: true, label: "Thread" });
    this.composer = new Composer({
      testId: "thread-composer", inThread: true, offers: offersOf(app),
      send: (text) => send(app, { text, channel: app.route.channel, thread: app.route.thread }),
    });
    this.composer.placeholder = "Reply in thread";
    this.where = el("p", { class: "muted" });
    const head = el("header", { class: "pane-head" },
      iconButton("back", "Back to channel", () => app.closeThread(), { class: "phone-only" }),
      el("div", { class: "pane-title" }, el("h1", {}, "Thread"), this.where), this.list.pill,
      iconButton("close", "Close thread", () => app.closeThread(), { class: "desktop-only" }));
    this.node = el("aside", { class: "pane thread-pane", "aria-label": "Thread", hidden: true }, head, this.list.node, this.composer.node);
  }

  draw() {
    const { workspace, route, names } = this.app;
    const channel = workspace.channels.get(route.channel);
    const isOpen = Boolean(route.thread && channel && route.pane !== "home");
    this.node.hidden = !isOpen;
    if (!isOpen) {
      this.list.reset("");
      return;
    }
    this.where.textContent = channel.is_im ? names.channelTitle(channel) : `#${channel.name}`;
    const key = `${workspace.me}|${channel.id}|${route.thread}`;
    this.list.show(workspace.thread(channel.id, route.thread), { channel: channel.id, key, empty: "This thread is gone." });
  }
}

/** The app's Home tab, and beside it the direct messages with the app. */
export class HomePane {
  constructor(app) {
    this.app = app;
    this.body = el("div", { class: "home-body", tabindex: "0", role: "region", "aria-label": "App Home" });
    this.head = el("header", { class: "pane-head" });
    this.tabs = el("div", { class: "tabs" });
    this.node = el("section", { class: "pane home-pane", "aria-label": "App", hidden: true }, this.head, this.tabs, this.body);
  }

  draw() {
    const { route, workspace, names } = this.app;
    this.node.hidden = route.pane !== "home";
    if (this.node.hidden || !workspace.bot) return;
    const mark = JSON.stringify([workspace.bot, Boolean(workspace.botChannel)]);
    if (mark !== this.drawn) this.drawHead(names);
    this.drawn = mark;
    renderHome(this.body, this.app);
  }

  drawHead(names) {
    const { bot, botChannel } = this.app.workspace;
    this.head.replaceChildren(
      iconButton("back", "Back to conversations", () => this.app.go({ pane: "channels" }), { class: "phone-only" }),
      el("div", { class: "pane-title with-avatar" }, names.avatar(bot.id), el("h1", {}, names.person(bot.id))));
    this.tabs.replaceChildren();
    append(this.tabs, [
      el("button", { type: "button", "aria-current": "page" }, icon("home"), "Home"),
      botChannel && el("button", { type: "button", on: { click: () => this.app.openChannel(botChannel.id) } }, icon("reply"), "Messages"),
    ]);
  }
}
