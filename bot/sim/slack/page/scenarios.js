// What the embedding program adds to the workspace: faults that one may plant, and the small world that they hit.
// Both are optional; their buttons appear only where the server offers them.

import { Refusal, get, post } from "./api.js";
import { el, iconButton, uniqueId } from "./dom.js";
import { ago } from "./times.js";

const REFRESH_MS = 2000;
const STATES = { ready: "Ready", running: "Running", cured: "Cured" };

async function offered(path) {
  try {
    return await get(path);
  } catch (problem) {
    if (problem instanceof Refusal) return null;
    throw problem;
  }
}

/** A panel that reads its address again and again while it is open. */
class Panel {
  constructor(app, { path, title, note, testId }) {
    Object.assign(this, { app, path });
    const titleId = uniqueId("panel");
    this.body = el("div", { class: "panel-body" });
    this.node = el("dialog", { class: "panel", role: "dialog", "aria-labelledby": titleId, data: { testid: testId } },
      el("header", { class: "modal-head" }, iconButton("close", "Close", () => this.node.close()), el("h2", { id: titleId }, title)),
      note && el("p", { class: "panel-note" }, note), this.body);
    this.node.addEventListener("click", (event) => {
      if (event.target === this.node) this.node.close(); // the backdrop
    });
  }

  /** Whether the server has this panel at all. */
  async isOffered() {
    return (await offered(this.path)) !== null;
  }

  async open() {
    this.node.showModal();
    await this.refresh();
    if (!this.timer) this.timer = setInterval(() => this.tick(), REFRESH_MS);
  }

  tick() {
    if (this.node.open) {
      void this.refresh();
      return;
    }
    clearInterval(this.timer);
    this.timer = null;
  }

  async refresh() {
    const answer = await offered(this.path);
    const text = JSON.stringify(answer);
    if (answer === null || text === this.shown) return;
    this.shown = text;
    this.body.replaceChildren(...this.draw(answer));
  }
}

/** "Break something": one card per scenario. */
export class ScenarioPanel extends Panel {
  constructor(app) {
    super(app, { path: "/sim/scenarios", title: "Break something", testId: "scenarios",
      note: "Each one plants a real fault in the simulated cluster and fires its alert. Then watch the channel." });
  }

  draw(scenarios) {
    return scenarios.map((one) => this.card(one));
  }

  card({ name, title, summary, state, hint }) {
    const button = el("button", { type: "button", class: `btn ${state === "running" ? "" : "primary"}`, data: { scenario: name },
      "aria-label": `Break it: ${title}`, on: { click: () => this.fire(name, title, button) } }, state === "running" ? "Fire again" : "Break it");
    return el("section", { class: "card", data: { scenarioState: state } },
      el("div", { class: "card-head" }, el("h3", {}, title), el("span", { class: `state state-${state}` }, STATES[state] ?? state)),
      el("p", {}, summary), hint && el("p", { class: "muted" }, hint), button);
  }

  async fire(name, title, button) {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      await post(`/sim/scenarios/${encodeURIComponent(name)}/fire`);
      this.node.close();
      this.app.notices.say(`${title}: planted. Watch the channel.`);
    } catch (problem) {
      if (!(problem instanceof Refusal)) throw problem;
      this.body.prepend(el("p", { class: "modal-failure", role: "alert" }, problem.message));
      this.shown = "";
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}

/** The world behind the alerts: services, planted faults, firing alerts, pages sent. */
export class WorldPanel extends Panel {
  constructor(app) {
    super(app, { path: "/sim/world", title: "The world", testId: "world" });
  }

  draw({ services = [], faults = [], alerts = [], pages = [] }) {
    return [
      this.part("Services", services, (one) => [
        el("strong", {}, one.name), el("span", { class: "muted" }, one.namespace),
        el("span", { class: `state state-${one.ready >= one.wanted ? "cured" : "running"}` }, `${one.ready}/${one.wanted} ready`),
        el("span", { class: "row-note" }, [one.state, one.note].filter(Boolean).join(" · "))]),
      this.part("Faults planted", faults, (one) => [el("strong", {}, typeof one === "string" ? one : (one.name ?? one.kind ?? JSON.stringify(one))),
        one.note && el("span", { class: "row-note" }, one.note)]),
      this.part("Alerts", alerts, (one) => [el("strong", {}, one.name), el("span", { class: "state state-running" }, one.state),
        one.since && el("span", { class: "muted" }, since(one.since))]),
      this.part("Pages sent", pages, (one) => [el("strong", {}, one.summary), el("span", { class: "state" }, one.status),
        el("span", { class: "muted" }, since(one.at))]),
    ];
  }

  part(title, rows, cells) {
    return el("section", { class: "world-part" }, el("h3", {}, title),
      rows.length === 0 ? el("p", { class: "muted" }, "None") : el("ul", {}, rows.map((row) => el("li", {}, cells(row)))));
  }
}

/** Seconds or an ISO time as "2 min ago". */
function since(moment) {
  const seconds = typeof moment === "number" ? moment : Date.parse(moment) / 1000;
  return Number.isFinite(seconds) ? ago(seconds) : String(moment ?? "");
}
