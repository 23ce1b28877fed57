// Where blocks live - a message, a modal, the App Home - and how their elements reach the server from there.

import { Refusal, post } from "./api.js";
import { collectState } from "./state.js";
import { failureKey } from "./store.js";

function surface(app, { kind, where, target, rootOf, held }) {
  const { workspace, names } = app;
  return {
    kind,
    names,
    held,
    directory: (source) => names.directory(source),
    failure: (actionId) => workspace.failures.get(failureKey(where, actionId)) ?? null,
    loadOptions: ({ blockId, actionId, query }) =>
      post("/ui/options", { user: workspace.me, ...target, block_id: blockId, action_id: actionId, query }),
    act: async ({ blockId, actionId, value, node }) => {
      workspace.failures.delete(failureKey(where, actionId));
      const action = { block_id: blockId, action_id: actionId, value, state: collectState(rootOf(node)) };
      try {
        await post("/ui/action", { user: workspace.me, ...target, ...action });
      } catch (problem) {
        if (!(problem instanceof Refusal)) throw problem;
        app.notices.error(problem.message);
      }
    },
  };
}

/** Elements of a message in a channel or thread. */
export function messageSurface(app, { channel, ts, held }) {
  return surface(app, {
    kind: "message", held, where: `${channel}|${ts}`, target: { channel, message_ts: ts },
    rootOf: (node) => node.closest("[data-ts]"),
  });
}

/** Elements of a modal or of the App Home. */
export function viewSurface(app, view, held) {
  return surface(app, {
    kind: view.type, held, where: view.id, target: { view_id: view.id },
    rootOf: (node) => node.closest("[data-view-id]"),
  });
}
