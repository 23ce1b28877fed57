// What people have put into the elements of a message or view, in exactly the shape of Slack's `state.values`.

const readers = new WeakMap(); // element root -> function that gives its current value

/** Declares that `node` holds the value of a stateful element; `read` gives it as `{selected_option: …}` or the like. */
export function stateful(node, element, read) {
  node.dataset.stateful = element.type;
  readers.set(node, () => ({ type: element.type, ...read() }));
  return node;
}

/** The current value of one stateful element: `{type, value | selected_option | …}`. */
export function valueOf(node) {
  return readers.get(node)();
}

/**
 * `state.values` of everything below `root`.
 * @returns {Object<string, Object<string, object>>} by block_id, then by action_id; empty inputs are there with null or []
 */
export function collectState(root) {
  const values = {};
  for (const node of root.querySelectorAll("[data-stateful]")) {
    const { blockId, actionId } = node.dataset;
    values[blockId] ??= {};
    values[blockId][actionId] = valueOf(node);
  }
  return values;
}
