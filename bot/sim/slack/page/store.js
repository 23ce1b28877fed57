// What this viewer's screen knows of the workspace: a snapshot, changed by events. No DOM here.

const INSPECTOR_SIZE = 100;

/** The workspace as one person sees it. */
export class Workspace {
  constructor() {
    this.me = null;
    this.team = { name: "Workspace" };
    this.users = new Map();
    this.usergroups = new Map();
    this.channels = new Map();
    this.commands = [];
    this.shortcuts = [];
    this.messages = new Map(); // channel -> Map(ts -> message)
    this.ephemerals = new Map(); // ts -> message
    this.views = [];
    this.home = null;
    this.inspector = [];
    this.warnings = [];
    this.failures = new Map(); // failureKey() -> text
    this.unread = new Map(); // channel -> count
    this.seq = 0;
  }

  /** Replaces everything by the server's snapshot; what is local to the screen (unread, failures) stays per viewer. */
  load(snapshot) {
    if (snapshot.me !== this.me) {
      this.unread.clear();
      this.failures.clear();
    }
    const byId = (list) => new Map((list ?? []).map((one) => [one.id, one]));
    Object.assign(this, {
      me: snapshot.me, team: snapshot.team, commands: snapshot.commands ?? [], shortcuts: snapshot.shortcuts ?? [],
      users: byId(snapshot.users), usergroups: byId(snapshot.usergroups), channels: byId(snapshot.channels),
      views: snapshot.views ?? [], home: snapshot.home ?? null, inspector: snapshot.inspector ?? [],
      warnings: snapshot.warnings ?? [], seq: snapshot.seq,
    });
    this.messages = new Map();
    for (const [channel, messages] of Object.entries(snapshot.messages ?? {})) {
      this.messages.set(channel, new Map(messages.map((message) => [message.ts, message])));
    }
    this.ephemerals = new Map((snapshot.ephemeral ?? []).map((message) => [message.ts, message]));
  }

  /** Applies one event of the stream. */
  apply(event) {
    this.seq = event.seq;
    CHANGES[event.type]?.(this, event);
  }

  messagesIn(channel) {
    if (!this.messages.has(channel)) this.messages.set(channel, new Map());
    return this.messages.get(channel);
  }

  /** Channel-level messages and this viewer's ephemeral ones, oldest first. */
  channelMessages(channel) {
    const shown = [...this.messagesIn(channel).values()].filter((one) => !isReply(one) || one.subtype === "thread_broadcast");
    const whispers = [...this.ephemerals.values()].filter((one) => one.channel === channel && !isReply(one));
    return byTime([...shown, ...whispers]);
  }

  /** The root (if it is still there) and the replies of a thread, oldest first. */
  thread(channel, ts) {
    const inThread = (one) => one.ts === ts || one.thread_ts === ts;
    const whispers = [...this.ephemerals.values()].filter((one) => one.channel === channel && isReply(one) && one.thread_ts === ts);
    return byTime([...[...this.messagesIn(channel).values()].filter(inThread), ...whispers]);
  }

  /** The bot whose App Home this is. */
  get bot() {
    return [...this.users.values()].find((user) => user.is_bot && user.id !== "USLACKBOT") ?? null;
  }

  /** The viewer's direct message with the bot, if it was ever opened. */
  get botChannel() {
    const bot = this.bot?.id;
    return [...this.channels.values()].find((one) => one.is_im && one.members.includes(this.me) && one.members.includes(bot)) ?? null;
  }
}

/** Whether a message stands in a thread below another one. */
export function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

/** The key of a button's failure mark; `where` is a view's id or "channel|ts". */
export function failureKey(where, actionId) {
  return `${where}|${actionId}`;
}

function byTime(messages) {
  return messages.sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
}

function putView(workspace, view) {
  const at = workspace.views.findIndex((one) => one.id === view.id);
  if (at >= 0) workspace.views.splice(at, 1, view);
  else workspace.views.push(view);
}

const CHANGES = {
  "message.posted": (workspace, { channel, message }) => workspace.messagesIn(channel).set(message.ts, message),
  "message.changed": (workspace, { channel, message }) => workspace.messagesIn(channel).set(message.ts, message),
  "message.deleted": (workspace, { channel, ts }) => workspace.messagesIn(channel).delete(ts),
  "ephemeral.posted": (workspace, { message }) => workspace.ephemerals.set(message.ts, message),
  "ephemeral.replaced": (workspace, { message, old_ts }) => {
    workspace.ephemerals.delete(old_ts);
    workspace.ephemerals.set(message.ts, message);
  },
  "ephemeral.deleted": (workspace, { ts }) => workspace.ephemerals.delete(ts),
  "view.opened": (workspace, { view }) => { workspace.views = [view]; },
  "view.pushed": (workspace, { view }) => putView(workspace, view),
  "view.updated": (workspace, { view }) => putView(workspace, view),
  "view.closed": (workspace, { view_id }) => { workspace.views = workspace.views.filter((view) => view.id !== view_id); },
  "views.cleared": (workspace) => { workspace.views = []; },
  "home.published": (workspace, { view }) => { workspace.home = view; },
  "channel.changed": (workspace, { channel }) => workspace.channels.set(channel.id, channel),
  "action.failed": (workspace, { channel, message_ts, view_id, action_id, text }) => {
    const where = message_ts ? `${channel}|${message_ts}` : view_id;
    workspace.failures.set(failureKey(where, action_id), text);
  },
  delivery: (workspace, { record }) => {
    const others = workspace.inspector.filter((one) => one.envelope_id !== record.envelope_id);
    workspace.inspector = [...others, record].slice(-INSPECTOR_SIZE);
  },
};
