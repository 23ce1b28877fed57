// What went over the wire: every envelope that the app was sent, how fast it was acknowledged, and with what.

import { el, iconButton } from "./dom.js";

const SLOW_MS = 1000; // still in time, but worth a look
const OK = "acked";

/** The drawer beside or over the conversation. */
export class Inspector {
  constructor(app) {
    this.app = app;
    this.rows = new Map(); // envelope id -> {node, record}
    this.list = el("ol", { class: "deliveries" });
    this.warnings = el("ul", { class: "warnings" });
    this.node = el("aside", { class: "drawer", "aria-label": "Inspector", hidden: true, data: { testid: "inspector" } },
      el("header", { class: "pane-head" }, el("div", { class: "pane-title" }, el("h1", {}, "Inspector"),
        el("p", { class: "muted" }, "Envelopes to the app and their acks")), iconButton("close", "Close inspector", () => this.toggle())),
      el("div", { class: "drawer-body", tabindex: "0", role: "region", "aria-label": "Deliveries" }, this.warnings, this.list));
  }

  toggle() {
    this.node.hidden = !this.node.hidden;
    this.draw();
  }

  draw() {
    if (this.node.hidden) return;
    const { inspector, warnings } = this.app.workspace;
    this.warnings.replaceChildren(...warnings.map((one) => el("li", {}, `${one.text}${one.count > 1 ? ` (${one.count} times)` : ""}`)));
    const nodes = inspector.map((record) => this.row(record));
    const rows = nodes.reverse();
    this.list.replaceChildren(...(rows.length ? rows : [el("li", { class: "empty" }, "Nothing was sent yet.")]));
  }

  row(record) {
    const before = this.rows.get(record.envelope_id);
    if (before?.record === record) return before.node;
    const latency = record.latency_ms === null ? record.status.replace("_", " ") : `${Math.round(record.latency_ms)} ms`;
    const tone = record.status === OK ? (record.latency_ms > SLOW_MS ? "slow" : "ok") : record.status === "sent" ? "waiting" : "bad";
    const node = el("li", {},
      el("details", { data: { delivery: record.kind, status: record.status } },
        el("summary", {}, el("span", { class: "delivery-kind" }, el("strong", {}, record.kind), el("span", { class: "muted" }, record.type)),
          record.retry_attempt > 0 && el("span", { class: "state" }, `retry ${record.retry_attempt}`),
          el("span", { class: `state latency-${tone}` }, latency)),
        el("pre", { class: "code" }, JSON.stringify({ ack: record.ack, ...record }, null, 1))));
    this.rows.set(record.envelope_id, { node, record });
    return node;
  }
}
