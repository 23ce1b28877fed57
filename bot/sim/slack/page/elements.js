// Interactive Block Kit elements. https://docs.slack.dev/reference/block-kit/block-elements
//
// Every root node carries data-action-id and data-block-id; what holds a value registers a reader with state.js.
// A `place` says where an element stands: {blockId, dispatches, labelledBy?, describedBy?, controlId?}.
// The `surface` is what the elements need of the page: names, act(), loadOptions(), held values, failures.

import { dispatch } from "./dispatching.js";
import { el, icon, link, safeHref, uniqueId } from "./dom.js";
import { menuButton } from "./menus.js";
import { externalSelect, nativeSelect, pickedList } from "./selects.js";
import { stateful } from "./state.js";
import { plainText, textNode } from "./texts.js";

const BUILDERS = {
  button, overflow, checkboxes,
  radio_buttons: radios,
  static_select: nativeSelect, users_select: nativeSelect, conversations_select: nativeSelect, channels_select: nativeSelect,
  multi_static_select: pickedList, multi_users_select: pickedList, multi_conversations_select: pickedList,
  multi_channels_select: pickedList,
  external_select: externalSelect, multi_external_select: externalSelect,
  datepicker: picker, timepicker: picker, datetimepicker: picker,
  plain_text_input: textInput, number_input: textInput, email_text_input: textInput, url_text_input: textInput,
};

/** An element as DOM; null for a type that this page does not know. */
export function renderElement(element, place, surface) {
  const build = Object.hasOwn(BUILDERS, element?.type) ? BUILDERS[element.type] : null;
  if (build === null) return null;
  const node = build(element, place, surface);
  node.dataset.actionId = element.action_id ?? "";
  node.dataset.blockId = place.blockId;
  return node;
}

function button(element, place, surface) {
  const style = ["primary", "danger"].includes(element.style) ? element.style : "";
  const failure = surface.failure(element.action_id);
  const press = () => dispatch(node, { element, place, surface, value: { value: element.value } });
  const attributes = {
    class: `btn ${style}`,
    "aria-label": element.accessibility_label,
    title: failure,
    data: { failed: failure ? "true" : null },
    on: { click: press },
  };
  const content = [el("span", { class: "btn-text" }, plainText(element.text)), failure && failureMark(failure)];
  const node =
    element.url && safeHref(element.url)
      ? link(element.url, content, attributes)
      : el("button", { type: "button", ...attributes }, content);
  return node;
}

function failureMark(text) {
  return el("span", { class: "btn-failed", role: "img", "aria-label": text }, icon("warn"));
}

function overflow(element, place, surface) {
  const items = () => (element.options ?? []).map((option) => ({
    label: plainText(option.text, surface.names),
    href: option.url,
    run: () => void dispatch(root, { element, place, surface, value: { selected_option: option } }),
  }));
  const root = menuButton({ drawing: "more", label: "More actions", class: "btn btn-square", items });
  return root;
}

/** The held or initial value: what was typed before a re-render wins over what the app suggests. */
function held(element, place, surface, [stateKey, initialKey, empty]) {
  const before = surface.held?.[place.blockId]?.[element.action_id];
  return (before ? before[stateKey] : element[initialKey]) ?? empty;
}

function choice(type, option, { name, checked, names }) {
  const input = el("input", { type, name, checked });
  const description = option.description && textNode(option.description, names, { class: "choice-note" });
  return { option, input, row: el("label", { class: "choice" }, input, el("span", {}, textNode(option.text, names), description)) };
}

function choiceGroup(type, { element, place, surface, isChecked, read }) {
  const name = uniqueId("choice");
  const names = surface.names;
  const choices = (element.options ?? []).map((option) => choice(type, option, { name, checked: isChecked(option), names }));
  const group = el(
    "div",
    { class: "choices", role: type === "radio" ? "radiogroup" : "group", "aria-labelledby": place.labelledBy,
      "aria-describedby": place.describedBy, tabindex: "-1" },
    choices.map((one) => one.row),
  );
  const current = () => read(choices.filter((one) => one.input.checked).map((one) => one.option));
  group.addEventListener("change", () => {
    if (place.dispatches) void dispatch(group, { element, place, surface, value: current() });
  });
  return stateful(group, element, current);
}

function checkboxes(element, place, surface) {
  const chosen = held(element, place, surface, ["selected_options", "initial_options", []]).map((option) => option.value);
  return choiceGroup("checkbox", {
    element, place, surface,
    isChecked: (option) => chosen.includes(option.value),
    read: (options) => ({ selected_options: options }),
  });
}

function radios(element, place, surface) {
  const chosen = held(element, place, surface, ["selected_option", "initial_option", null]);
  return choiceGroup("radio", {
    element, place, surface,
    isChecked: (option) => chosen?.value === option.value,
    read: ([option]) => ({ selected_option: option ?? null }),
  });
}

const PICKERS = {
  datepicker: { type: "date", keys: ["selected_date", "initial_date", null] },
  timepicker: { type: "time", keys: ["selected_time", "initial_time", null] },
  datetimepicker: { type: "datetime-local", keys: ["selected_date_time", "initial_date_time", null] },
};

function picker(element, place, surface) {
  const { type, keys } = PICKERS[element.type];
  const start = held(element, place, surface, keys);
  const isMoment = type === "datetime-local";
  const input = el("input", {
    ...controlAttributes(element, place), type, class: "field", value: isMoment && start ? localMoment(start) : start,
  });
  const read = () => ({ [keys[0]]: isMoment ? secondsOf(input.value) : input.value || null });
  input.addEventListener("change", () => {
    if (place.dispatches) void dispatch(input, { element, place, surface, value: read() });
  });
  return stateful(input, element, read);
}

function localMoment(seconds) {
  const moment = new Date(seconds * 1000);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function secondsOf(text) {
  return text ? Math.floor(new Date(text).getTime() / 1000) : null;
}

function controlAttributes(element, place) {
  return {
    id: place.controlId,
    "aria-labelledby": place.labelledBy,
    "aria-label": place.labelledBy ? null : plainText(element.placeholder) || element.type,
    "aria-describedby": place.describedBy,
    placeholder: plainText(element.placeholder) || null,
    autofocus: element.focus_on_load === true,
  };
}

const INPUT_TYPES = {
  plain_text_input: { type: "text" },
  number_input: { type: "text", inputmode: "decimal" },
  email_text_input: { type: "email", inputmode: "email" },
  url_text_input: { type: "url", inputmode: "url" },
};

function textInput(element, place, surface) {
  const attributes = {
    ...controlAttributes(element, place),
    ...INPUT_TYPES[element.type],
    class: "field",
    maxlength: element.max_length,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: element.multiline ? "true" : "false",
  };
  const start = held(element, place, surface, ["value", "initial_value", ""]);
  const input = element.multiline ? el("textarea", { ...attributes, type: null, rows: "3" }) : el("input", attributes);
  input.value = start;
  const read = () => ({ value: input.value === "" ? null : input.value });
  const send = () => void dispatch(input, { element, place, surface, value: read() });
  if (place.dispatches) dispatchWhileTyping(input, element, send);
  return stateful(input, element, read);
}

const TYPING_PAUSE_MS = 300;

function dispatchWhileTyping(input, element, send) {
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  if (triggers.includes("on_enter_pressed")) {
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey) send();
    });
  }
  if (triggers.includes("on_character_entered")) {
    let timer = 0;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(send, TYPING_PAUSE_MS);
    });
  }
}
