// Block Kit blocks as DOM. https://docs.slack.dev/reference/block-kit/blocks
//
// An unknown block is shown as a grey box with its JSON, so that nothing the app sent disappears silently.

import { el, icon, link, plain, safeHref, uniqueId } from "./dom.js";
import { renderElement } from "./elements.js";
import { renderMarkdown } from "./markdown.js";
import { renderRichText } from "./rich_text.js";
import { plainText, textNode } from "./texts.js";

const BUILDERS = {
  section, header, context, actions, image, input, table, alert,
  divider: () => el("hr"),
  rich_text: (block, surface) => renderRichText(block, surface.names),
  markdown: (block) => renderMarkdown(block.text),
};

/**
 * Renders a list of blocks.
 * @param {object[]} blocks
 * @param {object} surface what the blocks need of the page: {kind: "message"|"modal"|"home", names, act, loadOptions,
 *   directory, failure, held}
 * @returns {DocumentFragment}
 */
export function renderBlocks(blocks, surface) {
  const fragment = document.createDocumentFragment();
  for (const block of blocks ?? []) {
    const node = Object.hasOwn(BUILDERS, block?.type) ? BUILDERS[block.type](block, surface) : unknown(block);
    node.classList.add("block", `block-${/^\w+$/.test(block?.type) ? block.type : "unknown"}`);
    node.dataset.block = block?.block_id ?? "";
    fragment.append(node);
  }
  return fragment;
}

function unknown(value) {
  const name = typeof value?.type === "string" ? value.type : "block";
  return el("div", { class: "unknown" }, el("p", {}, `Not shown here: ${name}`), el("pre", { class: "code" }, JSON.stringify(value, null, 1)));
}

function place(block, more = {}) {
  return { blockId: block.block_id ?? "", dispatches: true, ...more };
}

function section(block, surface) {
  const body = el("div", { class: "section-body" },
    block.text && el("div", {}, textNode(block.text, surface.names)),
    block.fields && el("div", { class: "fields" }, block.fields.map((field) => el("div", { class: "section-field" }, textNode(field, surface.names)))));
  return el("div", {}, body, block.accessory && el("div", { class: "accessory" }, anyElement(block.accessory, block, surface)));
}

function anyElement(element, block, surface) {
  if (element.type === "image") return imageBox(element);
  return renderElement(element, place(block), surface) ?? unknown(element);
}

function header(block) {
  return el("h3", {}, plain(plainText(block.text)));
}

function context(block, surface) {
  const parts = (block.elements ?? []).map((element) =>
    element.type === "image" ? imageBox(element) : textNode(element, surface.names));
  return el("div", {}, parts);
}

function actions(block, surface) {
  const elements = block.elements ?? [];
  const failures = elements
    .map((element) => [element, surface.failure(element.action_id)])
    .filter(([, failure]) => failure)
    .map(([element, failure]) => el("p", { class: "action-failure", role: "alert" }, `${plainText(element.text) || "Action"}: ${failure}`));
  return el("div", {},
    el("div", { class: "action-row" }, elements.map((element) => anyElement(element, block, surface))),
    failures);
}

/** Pictures are never fetched: the page makes no request to the outside. */
function imageBox(element) {
  return el("span", { class: "image-box", role: "img", "aria-label": element.alt_text ?? "" },
    icon("image"), el("span", {}, element.alt_text ?? "Picture"));
}

function image(block) {
  const href = safeHref(block.image_url ?? "");
  return el("div", {}, block.title && el("p", { class: "image-title" }, plainText(block.title)), imageBox(block),
    href && link(href, "Open picture"));
}

function input(block, surface) {
  const [labelId, controlId, hintId, errorId] = ["label", "control", "hint", "error"].map(uniqueId);
  const where = place(block, {
    dispatches: block.dispatch_action === true, labelledBy: labelId, controlId, describedBy: `${hintId} ${errorId}`,
  });
  const element = block.element ?? {};
  const control = renderElement(element, where, surface) ?? unknown(element);
  return el("div", { class: "input-block", data: { inputBlock: block.block_id, optional: block.optional ? "true" : null } },
    el("label", { id: labelId, for: controlId }, plainText(block.label), block.optional && el("span", { class: "optional" }, " (optional)")),
    control,
    el("p", { class: "hint", id: hintId }, block.hint && plainText(block.hint)),
    el("p", { class: "field-error", id: errorId, role: "alert", hidden: true, data: { errorFor: block.block_id } }));
}

function table(block, surface) {
  const columns = block.column_settings ?? [];
  const cell = (value, column, tag) => {
    const align = columns[column]?.align ?? (value?.type === "raw_number" ? "right" : "left");
    const attributes = { class: `align-${align} ${columns[column]?.is_wrapped ? "wrapped" : ""}`, scope: tag === "th" ? "col" : null };
    return el(tag, attributes, value?.type === "rich_text" ? renderRichText(value, surface.names) : plain(String(value?.text ?? value?.value ?? "")));
  };
  const [head, ...rows] = block.rows ?? [];
  return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Table" },
    el("table", {},
      head && el("thead", {}, el("tr", {}, head.map((value, column) => cell(value, column, "th")))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((value, column) => cell(value, column, "td")))))));
}

const LEVELS = { default: "Note", info: "Info", warning: "Warning", error: "Error", success: "Done" };

function alert(block, surface) {
  const level = Object.hasOwn(LEVELS, block.level) ? block.level : "default";
  return el("div", { class: `alert-box alert-${level}`, role: "note" },
    el("strong", {}, `${LEVELS[level]}: `), textNode(block.text, surface.names));
}
