// How do values, units, qualities and times read to a person? Pure functions, no DOM.

const UNITS = {
  1: "",
  Cel: "°C",
  "[degF]": "°F",
  "[psi]": "psi",
  "kW.h": "kWh",
  "W.h": "Wh",
  "MW.h": "MWh",
  "kV.A": "kVA",
  "V.A": "VA",
  "N.m": "N·m",
  deg: "°",
  Ohm: "Ω",
};
const EXPONENTS = { 2: "²", 3: "³" };

/** A UCUM code as people write it: `Cel` is °C, `m3/h` is m³/h, an annotation such as `{bottle}` is its word. */
export function formatUnit(ucum) {
  if (ucum === null || ucum === undefined) return "";
  if (Object.hasOwn(UNITS, ucum)) return UNITS[ucum];
  return ucum
    .replace(/^\{([^}]*)\}$/, "$1")
    .replace(/([a-zA-Z])([23])(?!\d)/g, (_, letter, digit) => letter + EXPONENTS[digit])
    .replaceAll(".", "·");
}

const NUMBER_LIKE = /^\s*$|^[-+]?[\d.]+(e[-+]?\d+)?$|^(true|false|null)$/i;

/** One line for a value. `exact` keeps all digits; otherwise a fraction gets so many that the column stays calm. */
export function formatValue(value, exact = false) {
  switch (typeof value) {
    case "number":
      return formatNumber(value, exact);
    case "bigint":
      return groupDigits(value.toString());
    case "boolean":
      return value ? "true" : "false";
    case "string": // a text that could be taken for something else shows that it is a text
      return NUMBER_LIKE.test(value) ? `"${value}"` : value;
    default:
      return value === null || value === undefined ? "–" : stringify(value);
  }
}

function formatNumber(value, exact) {
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? groupDigits(String(value)) : String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e12 || magnitude < 1e-4) return value.toPrecision(exact ? 12 : 4).replace(/\.?0+(e|$)/, "$1");
  if (exact) return groupDigits(String(Number(value.toPrecision(12))));
  const decimals = magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : magnitude >= 1 ? 3 : 4;
  return groupDigits(value.toFixed(decimals).replace(/0+$/, "").replace(/\.$/, ".0"));
}

const NARROW_SPACE = "\u202f";

function groupDigits(text) {
  const [whole, fraction] = text.split(".");
  if (whole.replace("-", "").length < 5) return text;
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, NARROW_SPACE);
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** JSON text, with integers beyond 2^53 written digit by digit. */
export function stringify(value, indent = 0) {
  const marked = (_, item) => (typeof item === "bigint" ? `\u0000${item}\u0000` : item);
  return JSON.stringify(value, marked, indent).replace(/"\\u0000(-?\d+)\\u0000"/g, "$1");
}

/** A duration in its one or two largest units: `now`, `12 s`, `3 min`, `2 h 5 min`, `4 d`. */
export function formatAge(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "–";
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** How long something lasted: as an age, but with the seconds of a minute: `1 min 30 s`. */
export function formatLength(ms) {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  if (minutes >= 60 || minutes === 0) return seconds ? formatAge(ms) : "under 1 s";
  return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
}

/** `12 s ago`, `just now`, `in 4 s`: where a moment lies as seen from `nowMs`. */
export function formatRelative(atMs, nowMs) {
  if (atMs - nowMs >= 1000) return `in ${formatAge(atMs - nowMs)}`;
  const age = formatAge(nowMs - atMs);
  return age === "now" ? "just now" : `${age} ago`;
}

const two = (number) => String(number).padStart(2, "0");

/** Local wall time, `12:03:04.123`. */
export function formatTime(ms) {
  return `${formatClock(ms)}.${String(new Date(ms).getMilliseconds()).padStart(3, "0")}`;
}

/** Local wall time, `12:03:04`, or `12:03` when `seconds` is false. */
export function formatClock(ms, seconds = true) {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ""}`;
}

/** Local date, `2026-11-22`. */
export function formatDate(ms) {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** Milliseconds since 1970 of an RFC 3339 text, or null. */
export function parseTime(text) {
  const ms = text ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** A setting in milliseconds as it is written in a model: `500 ms`, `5 s`, `2 min`. */
export function formatDuration(ms) {
  return ms < 1000 ? `${ms} ms` : formatAge(ms);
}

/** Messages or values per second: `0`, `0.4`, `58`, `1.2 k`. */
export function formatRate(perSecond) {
  if (perSecond >= 1000) return `${(perSecond / 1000).toFixed(perSecond >= 10000 ? 0 : 1)} k`;
  return perSecond >= 10 || perSecond === 0 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}

/** A count that fits a badge: `7`, `12 345`, `1.2 M`. */
export function formatCount(count) {
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} M` : groupDigits(String(count));
}

/** Size of a payload: `76 bytes`, `2.1 KiB`. */
export function formatBytes(bytes) {
  return bytes < 1024 ? `${bytes} byte${bytes === 1 ? "" : "s"}` : `${(bytes / 1024).toFixed(1)} KiB`;
}

const QUALITIES = {
  Good: { label: "Good", tone: "normal" },
  Uncertain: { label: "Uncertain", tone: "warn" },
  Bad: { label: "Bad", tone: "bad" },
  GoodNoData: { label: "No data", tone: "none" },
};

/** Word and tone of a quality; a topic that carries no sample has none. */
export function describeQuality(quality) {
  return QUALITIES[quality] ?? { label: quality ?? "No quality", tone: quality ? "warn" : "normal" };
}

/** The parts of `text` with the ones that match a search word marked: [{text, hit}]. */
export function markWords(text, words) {
  const wanted = words.filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!wanted.length) return [{ text, hit: false }];
  return text
    .split(new RegExp(`(${wanted.join("|")})`, "i"))
    .map((part, index) => ({ text: part, hit: index % 2 === 1 }))
    .filter((part) => part.text);
}
