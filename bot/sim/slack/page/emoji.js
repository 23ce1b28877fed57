// The emoji names that operational messages use; every other name stays readable as :name:.

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", rotating_light: "🚨", fire: "🔥",
  red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢",
  large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫", hourglass: "⌛", hourglass_flowing_sand: "⏳",
  stopwatch: "⏱️", clock1: "🕐", bell: "🔔", no_bell: "🔕", lock: "🔒", unlock: "🔓", key: "🔑", eyes: "👀",
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", pray: "🙏", wave: "👋", tada: "🎉", rocket: "🚀",
  robot_face: "🤖", gear: "⚙️", wrench: "🔧", hammer_and_wrench: "🛠️", mag: "🔍", memo: "📝", book: "📖",
  books: "📚", pager: "📟", phone: "☎️", telephone_receiver: "📞", chart_with_upwards_trend: "📈",
  chart_with_downwards_trend: "📉", bar_chart: "📊", package: "📦", link: "🔗", pushpin: "📌", zap: "⚡",
  boom: "💥", bug: "🐛", ghost: "👻", snowflake: "❄️", ice_cube: "🧊", construction: "🚧", no_entry: "⛔",
  no_entry_sign: "🚫", octagonal_sign: "🛑", question: "❓", exclamation: "❗", bulb: "💡", information_source: "ℹ️",
  arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️", arrows_counterclockwise: "🔄",
  repeat: "🔁", leftwards_arrow_with_hook: "↩️", heart: "❤️", smile: "😄", thinking_face: "🤔", sweat_smile: "😅",
  sleeping: "😴", zzz: "💤", shrug: "🤷", raised_hand: "✋", point_right: "👉", ok_hand: "👌", muscle: "💪",
};

/** The character of an emoji name, or null. */
export function emojiNamed(name) {
  return Object.hasOwn(EMOJI, name) ? EMOJI[name] : null;
}

/** Text with every known :name: replaced, as plain_text objects ask for by default. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]{1,40}):/g, (whole, name) => emojiNamed(name) ?? whole);
}

/** What the reaction menu offers. */
export const REACTIONS = ["+1", "eyes", "white_check_mark", "rotating_light"];
