// Select menus. One value: the browser's own menu, the best there is on a phone. Several: a list of checkboxes that folds
// away. Options that the app looks up while one types: a search field with a list under it.

import { dispatch } from "./dispatching.js";
import { el, icon, uniqueId } from "./dom.js";
import { listKeys } from "./menus.js";
import { stateful } from "./state.js";
import { plainText } from "./texts.js";

// element type -> [key in state, key of the initial value, what its options are]
const KINDS = {
  static_select: ["selected_option", "initial_option", "options"],
  users_select: ["selected_user", "initial_user", "users"],
  conversations_select: ["selected_conversation", "initial_conversation", "conversations"],
  channels_select: ["selected_channel", "initial_channel", "channels"],
  external_select: ["selected_option", "initial_option", "options"],
  multi_static_select: ["selected_options", "initial_options", "options"],
  multi_users_select: ["selected_users", "initial_users", "users"],
  multi_conversations_select: ["selected_conversations", "initial_conversations", "conversations"],
  multi_channels_select: ["selected_channels", "initial_channels", "channels"],
  multi_external_select: ["selected_options", "initial_options", "options"],
};

/** A choice: `key` identifies it, `value` is what state holds (an option object, or an id). */
function choicesOf(element, surface) {
  const source = KINDS[element.type][2];
  if (source !== "options") {
    return [{ label: null, choices: surface.directory(source).map(({ id, name }) => ({ key: id, label: name, value: id })) }];
  }
  return groupsOf(element, surface);
}

function groupsOf(answer, surface) {
  const groups = answer.option_groups ?? [{ label: null, options: answer.options ?? [] }];
  return groups.map((group) => ({
    label: group.label ? plainText(group.label) : null,
    choices: (group.options ?? []).map((option) => asChoice(option, surface)),
  }));
}

function asChoice(option, surface) {
  const note = option.description ? ` – ${plainText(option.description, surface.names)}` : "";
  return { key: option.value, label: plainText(option.text, surface.names) + note, value: option };
}

function startOf(element, place, surface) {
  const [stateKey, initialKey] = KINDS[element.type];
  const before = surface.held?.[place.blockId]?.[element.action_id];
  return (before ? before[stateKey] : element[initialKey]) ?? null;
}

function keyOf(value) {
  return typeof value === "string" ? value : (value?.value ?? "");
}

/** static_select, users_select, conversations_select, channels_select */
export function nativeSelect(element, place, surface) {
  const groups = choicesOf(element, surface);
  const all = groups.flatMap((group) => group.choices);
  const start = keyOf(startOf(element, place, surface));
  const placeholder = plainText(element.placeholder) || "Choose…";
  const entry = (choice) => el("option", { value: choice.key, selected: choice.key === start }, choice.label);
  const select = el(
    "select",
    { class: "field select", id: place.controlId, "aria-labelledby": place.labelledBy, "aria-describedby": place.describedBy,
      "aria-label": place.labelledBy ? null : placeholder },
    el("option", { value: "", selected: start === "" }, placeholder),
    groups.map((group) => (group.label ? el("optgroup", { label: group.label }, group.choices.map(entry)) : group.choices.map(entry))),
  );
  const read = () => ({ [KINDS[element.type][0]]: all.find((choice) => choice.key === select.value)?.value ?? null });
  select.addEventListener("change", () => {
    if (place.dispatches && select.value !== "") void dispatch(select, { element, place, surface, value: read() });
  });
  return stateful(select, element, read);
}

/** The multi_* selects with known options. The action is sent when the list folds away, as in Slack. */
export function pickedList(element, place, surface) {
  const chosen = new Set((startOf(element, place, surface) ?? []).map(keyOf));
  const rows = choicesOf(element, surface).flatMap((group) => [
    group.label && { heading: el("p", { class: "picked-group" }, group.label) },
    ...group.choices.map((choice) => ({ choice, input: el("input", { type: "checkbox", checked: chosen.has(choice.key) }) })),
  ]).filter(Boolean);
  const picked = () => rows.filter((row) => row.input?.checked).map((row) => row.choice);
  const summary = el("summary", { class: "field", id: place.controlId, "aria-describedby": place.describedBy });
  const show = () => {
    const labels = picked().map((choice) => choice.label);
    summary.replaceChildren(labels.length ? labels.join(", ") : plainText(element.placeholder) || "Choose…");
    const full = element.max_selected_items && labels.length >= element.max_selected_items;
    for (const row of rows) if (row.input) row.input.disabled = full && !row.input.checked;
  };
  const list = rows.map((row) => row.heading ?? el("label", { class: "choice" }, row.input, row.choice.label));
  const root = el("details", { class: "picked" }, summary, el("div", { class: "picked-list", role: "group" }, list));
  const read = () => ({ [KINDS[element.type][0]]: picked().map((choice) => choice.value) });
  let before = JSON.stringify(read());
  root.addEventListener("change", show);
  root.addEventListener("toggle", () => {
    if (root.open || before === JSON.stringify(read())) return;
    before = JSON.stringify(read());
    if (place.dispatches) void dispatch(root, { element, place, surface, value: read() });
  });
  show();
  return stateful(root, element, read);
}

const QUERY_PAUSE_MS = 200;
const QUERY_LENGTH = 3; // Slack's default of min_query_length

/** external_select and multi_external_select: the app is asked for options while one types. */
export function externalSelect(element, place, surface) {
  const isMulti = element.type.startsWith("multi_");
  const start = startOf(element, place, surface);
  let chosen = (isMulti ? (start ?? []) : start ? [start] : []).map((option) => asChoice(option, surface));
  const listId = uniqueId("options");
  const chips = el("span", { class: "chips" });
  const list = el("ul", { class: "options", role: "listbox", id: listId, hidden: true });
  const input = el("input", {
    class: "field", role: "combobox", id: place.controlId, autocomplete: "off", "aria-expanded": "false", "aria-controls": listId,
    "aria-labelledby": place.labelledBy, "aria-describedby": place.describedBy,
    "aria-label": place.labelledBy ? null : plainText(element.placeholder) || "Search",
    placeholder: plainText(element.placeholder) || "Type to search",
  });
  const root = el("div", { class: "external" }, chips, input, list);
  const read = () => {
    const values = chosen.map((choice) => choice.value);
    return isMulti ? { selected_options: values } : { selected_option: values[0] ?? null };
  };
  const changed = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.value = isMulti ? "" : (chosen[0]?.label ?? "");
    chips.replaceChildren(...(isMulti ? chosen.map(chip) : []));
  };
  const chip = (choice) => {
    const drop = () => set(chosen.filter((one) => one !== choice));
    return el("button", { type: "button", class: "chip", "aria-label": `Remove ${choice.label}`, on: { click: drop } }, choice.label, icon("close"));
  };
  const set = (choices) => {
    chosen = choices;
    changed();
    if (place.dispatches) void dispatch(root, { element, place, surface, value: read() });
  };
  const pick = (choice) => set(isMulti ? [...chosen.filter((one) => one.key !== choice.key), choice] : [choice]);
  searching(input, list, { least: element.min_query_length ?? QUERY_LENGTH, pick, ask: async (query) =>
    groupsOf(await surface.loadOptions({ blockId: place.blockId, actionId: element.action_id, query }), surface) });
  changed();
  return stateful(root, element, read);
}

function searching(input, list, { least, pick, ask }) {
  let timer = 0;
  let newest = 0;
  const show = (groups) => {
    const entries = groups.flatMap((group) => [
      group.label && el("li", { class: "picked-group", role: "presentation" }, group.label),
      ...group.choices.map((choice) =>
        el("li", { role: "option", class: "option", tabindex: "-1", data: { value: choice.key },
          on: { pointerdown: (event) => event.preventDefault(), click: () => pick(choice) } }, choice.label)),
    ]).filter(Boolean);
    list.replaceChildren(...(entries.length ? entries : [el("li", { class: "option-none" }, "Nothing found")]));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const search = async () => {
    newest += 1;
    const mine = newest;
    if (input.value.length < least) {
      list.hidden = true;
      return;
    }
    const groups = await ask(input.value).catch(() => []);
    if (mine === newest) show(groups);
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, QUERY_PAUSE_MS);
  });
  if (least === 0) input.addEventListener("focus", search);
  listKeys(input, list);
}
