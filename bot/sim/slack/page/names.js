// Ids to names: mentions of people, groups and channels, avatars, and the lists behind the people pickers.

import { el } from "./dom.js";

/** Name lookups over the present workspace. `workspace` is the store of store.js. */
export class Names {
  constructor(workspace) {
    this.workspace = workspace;
  }

  user(id) {
    return this.workspace.users.get(id) ?? { id, name: id, real_name: id, title: "", color: "777777" };
  }

  /** "Ana Ruiz" */
  person(id) {
    const user = this.user(id);
    return user.real_name || user.name;
  }

  userMention(id) {
    const known = this.workspace.users.has(id);
    const own = id === this.workspace.me ? " mention-me" : "";
    return el("span", { class: `mention${own}`, title: this.person(id), data: { user: id } }, `@${known ? this.user(id).name : id}`);
  }

  groupMention(id) {
    const group = this.workspace.usergroups.get(id);
    const own = group?.users?.includes(this.workspace.me) ? " mention-me" : "";
    const members = (group?.users ?? []).map((user) => this.person(user)).join(", ");
    return el("span", { class: `mention${own}`, title: members, data: { usergroup: id } }, `@${group?.handle ?? id}`);
  }

  channelMention(id) {
    const channel = this.workspace.channels.get(id);
    const href = channel ? `?user=${this.workspace.me}&channel=${id}` : null;
    return el(href ? "a" : "span", { class: "mention", href, data: { openChannel: channel ? id : null } }, `#${channel?.name ?? "private"}`);
  }

  /** A mention of the channel with this name, or null. */
  channelNamed(name) {
    for (const channel of this.workspace.channels.values()) if (channel.name === name) return this.channelMention(channel.id);
    return null;
  }

  /** What a channel is called on this viewer's screen. */
  channelTitle(channel) {
    if (!channel.is_im) return channel.name;
    const other = channel.members.find((id) => id !== this.workspace.me) ?? channel.im_with;
    return this.person(other);
  }

  /** `{id, name}` entries for people and conversation pickers. */
  directory(kind) {
    if (kind === "users") {
      return [...this.workspace.users.values()].filter((user) => !user.deleted).map((user) => ({ id: user.id, name: this.person(user.id) }));
    }
    const channels = [...this.workspace.channels.values()].filter((channel) => !channel.is_archived);
    const wanted = kind === "channels" ? channels.filter((channel) => !channel.is_private && !channel.is_im) : channels;
    return wanted.map((channel) => ({ id: channel.id, name: channel.is_im ? this.channelTitle(channel) : `#${channel.name}` }));
  }

  /** A coloured square with initials; decoration beside the written name. */
  avatar(id) {
    const user = this.user(id);
    const initials = this.person(id).split(/\s+/).slice(0, 2).map((word) => word[0] ?? "").join("");
    const node = el("span", { class: `avatar${user.is_bot ? " avatar-bot" : ""}`, "aria-hidden": "true" }, initials.toUpperCase());
    if (/^[0-9a-f]{6}$/i.test(user.color ?? "")) node.style.setProperty("--avatar", `#${user.color}`);
    return node;
  }
}
