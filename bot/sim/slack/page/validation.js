// What Slack's own client objects to before it submits a modal. The app's own objections come back from the server.

const EMPTY = [null, undefined, ""];

/** Error texts by block_id. */
export function complaintsOf(view, state) {
  const found = {};
  for (const block of view.blocks) {
    if (block.type !== "input") continue;
    const held = state[block.block_id]?.[block.element?.action_id];
    const text = held ? complaint(block, contentOf(held)) : null;
    if (text) found[block.block_id] = text;
  }
  return found;
}

function contentOf({ type: _, ...rest }) {
  const [content] = Object.values(rest);
  return Array.isArray(content) && content.length === 0 ? null : content;
}

function complaint(block, content) {
  if (EMPTY.includes(content)) return block.optional ? null : "Please complete this required field.";
  const { element } = block;
  if (typeof content !== "string") return null;
  if (element.min_length && content.length < element.min_length) return `Please use at least ${element.min_length} characters.`;
  if (element.type === "number_input") return numberComplaint(element, content);
  if (element.type === "email_text_input" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(content)) return "Please enter a valid e-mail address.";
  if (element.type === "url_text_input" && !/^https?:\/\/\S+$/.test(content)) return "Please enter a valid URL.";
  return null;
}

function numberComplaint(element, content) {
  const pattern = element.is_decimal_allowed ? /^-?\d+(\.\d+)?$/ : /^-?\d+$/;
  if (!pattern.test(content.trim())) return element.is_decimal_allowed ? "Please enter a number." : "Please enter a whole number.";
  if (element.min_value !== undefined && Number(content) < Number(element.min_value)) return `Please enter at least ${element.min_value}.`;
  if (element.max_value !== undefined && Number(content) > Number(element.max_value)) return `Please enter at most ${element.max_value}.`;
  return null;
}
