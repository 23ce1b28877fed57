// From a press to the app: confirm dialog first, then the action; whatever was pressed shows that it is busy.

import { confirmed } from "./confirm.js";

/** Sends an action, with its confirm dialog first; the node shows that it is busy until the answer. */
export async function dispatch(node, { element, place, surface, value }) {
  if (node.getAttribute("aria-busy") === "true") return;
  if (element.confirm && !(await confirmed(element.confirm, surface.names))) return;
  node.setAttribute("aria-busy", "true");
  try {
    await surface.act({ blockId: place.blockId, actionId: element.action_id, value, node });
  } finally {
    node.removeAttribute("aria-busy");
  }
}
