// Times as people read them. Slack's own timestamps are "<seconds>.<microseconds>" since 1970.

const LOCALE = "en-GB";

function format(seconds, options) {
  return new Intl.DateTimeFormat(LOCALE, options).format(new Date(seconds * 1000));
}

/** "04:17" */
export function clockTime(ts) {
  return format(Number(ts), { hour: "2-digit", minute: "2-digit" });
}

/** "Friday 21 November 2025, 04:17:23" */
export function exactTime(ts) {
  return format(Number(ts), { dateStyle: "full", timeStyle: "medium" });
}

/** "Today", "Yesterday" or "Friday, 21 November" */
export function dayName(ts) {
  const day = new Date(Number(ts) * 1000);
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  const days = Math.ceil((midnight - day) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return format(Number(ts), { weekday: "long", day: "numeric", month: "long" });
}

/** "just now", "2 min ago", "3 h ago", else the day. */
export function ago(seconds) {
  const passed = Date.now() / 1000 - Number(seconds);
  if (passed < 0) return inFuture(-passed);
  if (passed < 60) return "just now";
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 86_400) return `${Math.floor(passed / 3600)} h ago`;
  return `${Math.floor(passed / 86_400)} d ago`;
}

function inFuture(seconds) {
  return seconds < 3600 ? `in ${Math.ceil(seconds / 60)} min` : `in ${Math.round(seconds / 3600)} h`;
}

const TOKENS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { day: "numeric", month: "long", year: "numeric" },
  date_short: { day: "numeric", month: "short", year: "numeric" },
  date_long: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  time: { hour: "2-digit", minute: "2-digit" },
  time_secs: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

/** Slack's `{date} at {time}` token strings; null where the time or a token is not understood. */
export function formatDate(seconds, tokens) {
  if (!Number.isFinite(seconds) || !tokens) return null;
  let understood = true;
  const text = tokens.replace(/\{(\w+)\}/g, (_, token) => {
    if (token === "ago") return ago(seconds);
    if (token === "day_divider_pretty") return dayName(seconds);
    const name = token.replace(/_pretty$/, "");
    if (token !== name && dayName(seconds).length <= 9) return dayName(seconds).toLowerCase();
    if (!TOKENS[name]) understood = false;
    return understood ? format(seconds, TOKENS[name]) : "";
  });
  return understood ? text : null;
}
