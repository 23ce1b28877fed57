// The page put together: one viewer, one route, one workspace store; every change ends in draw().

import { LiveFeed, Refusal, post } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { Inspector } from "./inspector.js";
import { summary } from "./messages.js";
import { flatten } from "./mrkdwn.js";
import { Names } from "./names.js";
import { Notices } from "./notices.js";
import { ChannelPane, HomePane, Sidebar, ThreadPane } from "./panes.js";
import { ScenarioPanel, WorldPanel } from "./scenarios.js";
import { Workspace, isReply } from "./store.js";
import { Modals } from "./views.js";

const FIRST_VIEWER = "U0ANA"; // whom the seeded workspace begins with

class App {
  constructor() {
    const asked = new URLSearchParams(location.search);
    this.workspace = new Workspace();
    this.names = new Names(this.workspace);
    this.notices = new Notices();
    this.modals = new Modals(this);
    this.route = routeOf(asked);
    this.sidebar = new Sidebar(this);
    this.channelPane = new ChannelPane(this);
    this.threadPane = new ThreadPane(this);
    this.homePane = new HomePane(this);
    this.inspector = new Inspector(this);
    this.scenarios = new ScenarioPanel(this);
    this.world = new WorldPanel(this);
    this.feed = new LiveFeed({
      snapshot: (state) => this.loaded(state),
      change: (event) => this.changed(event),
      connection: (isUp) => this.connection(isUp),
      unknownUser: () => this.strayed(),
    });
  }

  async start() {
    this.build();
    addEventListener("popstate", (event) => {
      this.route = event.state?.route ?? routeOf(new URLSearchParams(location.search));
      this.draw();
    });
    document.addEventListener("click", (event) => this.followMention(event));
    await this.feed.start(new URLSearchParams(location.search).get("user") ?? FIRST_VIEWER);
    await this.offerPanels();
  }

  build() {
    this.viewer = el("select", { id: "viewer", class: "viewer", data: { testid: "viewer" }, "aria-label": "Who you are",
      on: { change: () => this.become(this.viewer.value) } });
    this.person = el("span", { class: "who-avatar", "aria-hidden": "true" }); // what is seen; the select above it is invisible
    this.banner = el("p", { class: "banner", role: "status", hidden: true }, "Connection lost. Reconnecting…");
    this.tools = el("div", { class: "tools" }, iconButton("pulse", "Inspector", () => this.inspector.toggle(), { "data-testid": "open-inspector" }));
    const top = el("header", { class: "topbar" },
      el("span", { class: "who" }, this.person, icon("down"), this.viewer),
      this.tools);
    document.body.append(top, this.banner,
      el("div", { class: "panes" }, this.sidebar.node, this.channelPane.node, this.homePane.node, this.threadPane.node, this.inspector.node),
      this.scenarios.node, this.world.node, this.notices.node, this.notices.voice);
  }

  async offerPanels() {
    if (await this.world.isOffered()) this.tools.prepend(iconButton("world", "The world", () => this.world.open(), { "data-testid": "open-world" }));
    if (await this.scenarios.isOffered()) {
      this.tools.prepend(el("button", { type: "button", class: "btn break", data: { testid: "open-scenarios" },
        on: { click: () => this.scenarios.open() } }, icon("bolt"), el("span", {}, "Break something")));
    }
  }

  loaded(state) {
    const isFirst = this.workspace.me === null;
    this.workspace.load(state);
    if (!this.workspace.channels.has(this.route.channel)) this.route = { ...this.route, channel: this.firstChannel(), thread: null };
    if (isFirst) history.replaceState({ route: this.route }, "", this.address());
    if (this.route.pane === "home") void this.tellHomeOpened();
    this.drawViewer();
    this.drawNow();
  }

  changed(event) {
    this.workspace.apply(event);
    if (event.type === "message.posted") this.arrived(event);
    if (event.type === "notification") this.notified(event);
    if (event.type === "view.errors") this.modals.showErrors(event.view_id, event.errors);
    if (event.type === "view.failed") this.failed(event);
    this.draw();
  }

  arrived({ channel, message }) {
    if (message.user === this.workspace.me) return;
    if (!isReply(message) && (channel !== this.route.channel || this.route.pane === "home")) {
      this.workspace.unread.set(channel, (this.workspace.unread.get(channel) ?? 0) + 1);
    }
    this.notices.say(summary(message, this));
  }

  failed({ view_id: viewId, text }) {
    if (viewId === this.workspace.home?.id) this.notices.error(text);
    else this.modals.showFailure(viewId, text);
  }

  notified({ text, channel, ts }) {
    const place = this.workspace.channels.get(channel);
    const bot = this.workspace.bot;
    const message = this.workspace.messagesIn(channel).get(ts);
    const author = message?.user ? this.names.person(message.user) : (bot?.name ?? "");
    const title = [author, place && !place.is_im && `#${place.name}`].filter(Boolean).join(" · ");
    const open = () => (message && isReply(message) ? this.openThread(channel, message.thread_ts) : this.openChannel(channel));
    this.notices.push({ title, text: flatten(text, this.names), open });
  }

  /** An address that names nobody of this workspace leads to the first person's screen. */
  async strayed() {
    if (this.feed.user !== FIRST_VIEWER) await this.feed.start(FIRST_VIEWER);
  }

  connection(isUp) {
    this.banner.hidden = isUp;
    document.body.dataset.connection = isUp ? "up" : "down";
  }

  // --- who and where ------------------------------------------------------------------------------------------------

  async become(user) {
    this.modals.sync([]);
    await this.feed.start(user);
    history.replaceState({ route: this.route }, "", this.address());
    if (this.route.pane === "home") await this.tellHomeOpened();
  }

  go(changes) {
    this.route = { ...this.route, ...changes };
    history.pushState({ route: this.route }, "", this.address());
    this.draw();
  }

  openChannel(channel) {
    this.workspace.unread.delete(channel);
    const thread = channel === this.route.channel ? this.route.thread : null;
    this.go({ pane: "channel", channel, thread });
  }

  openThread(channel, thread) {
    this.go({ pane: "thread", channel, thread });
  }

  closeThread() {
    this.go({ pane: "channel", thread: null });
  }

  openHome() {
    this.go({ pane: "home" });
    void this.tellHomeOpened();
  }

  async tellHomeOpened() {
    try {
      await post("/ui/home", { user: this.workspace.me });
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem; // an app without a Home: the empty tab says so
    }
  }

  followMention(event) {
    const mention = event.target.closest?.("[data-open-channel]");
    if (!mention) return;
    event.preventDefault();
    this.openChannel(mention.dataset.openChannel);
  }

  /** The address of a conversation or thread as this viewer sees it. */
  linkTo(channel, thread) {
    const query = new URLSearchParams({ user: this.workspace.me ?? "", channel: channel ?? "" });
    if (thread) query.set("thread", thread);
    return `${location.origin}${location.pathname}?${query}`;
  }

  address() {
    const link = this.linkTo(this.route.channel, this.route.thread);
    return this.route.pane === "home" ? `${link}&pane=home` : link;
  }

  firstChannel() {
    const channels = [...this.workspace.channels.values()].filter((one) => !one.is_im && !one.is_archived);
    const bot = this.workspace.bot?.id;
    return (channels.find((one) => one.members.includes(bot)) ?? channels[0])?.id ?? null;
  }

  /** Takes an ephemeral message off this screen. */
  forget(ts) {
    this.workspace.ephemerals.delete(ts);
    this.draw();
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  /** Draws before the next frame; many changes in a row cost one drawing. */
  draw() {
    if (this.planned) return;
    this.planned = true;
    requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    this.planned = false;
    if (this.workspace.me === null) return;
    document.body.dataset.pane = this.route.pane;
    document.body.classList.toggle("with-thread", Boolean(this.route.thread) && this.route.pane !== "home");
    if (this.route.pane === "channel" || this.route.pane === "thread") this.workspace.unread.delete(this.route.channel);
    for (const part of [this.sidebar, this.channelPane, this.homePane, this.threadPane, this.inspector]) part.draw();
    this.modals.sync(this.workspace.views);
    document.title = this.title();
  }

  title() {
    const channel = this.workspace.channels.get(this.route.channel);
    const unread = [...this.workspace.unread.values()].reduce((sum, count) => sum + count, 0);
    return `${unread ? `(${unread}) ` : ""}${channel ? this.names.channelTitle(channel) : "Slack"} – ${this.workspace.team.name}`;
  }

  drawViewer() {
    const people = [...this.workspace.users.values()].filter((user) => !user.is_bot && !user.deleted);
    const label = (user) => [user.real_name, user.title, user.is_guest && "guest"].filter(Boolean).join(" – ");
    this.viewer.replaceChildren(...people.map((user) => el("option", { value: user.id, selected: user.id === this.workspace.me }, label(user))));
    const me = this.names.user(this.workspace.me);
    const role = [me.title, me.is_guest && "guest"].filter(Boolean).join(" – ");
    this.person.replaceChildren(this.names.avatar(me.id), el("span", { class: "who-text" }, el("strong", {}, me.real_name), el("span", {}, role)));
  }
}

function routeOf(query) {
  const thread = query.get("thread");
  const pane = query.get("pane") === "home" ? "home" : thread ? "thread" : "channel";
  return { pane, channel: query.get("channel"), thread };
}

await new App().start();
document.body.dataset.ready = "true";
