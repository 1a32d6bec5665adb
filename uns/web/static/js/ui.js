// The small pieces every screen is made of: markup, icons, quality, age, live values, notices.

import { h } from "../vendor/preact.js";
import htm from "../vendor/htm.js";
import { useState } from "../vendor/preact-hooks.js";
import "../vendor/signals.js"; // lets components follow the signals that they read
import { describeQuality, formatAge, formatRelative, formatUnit, formatValue, parseTime } from "./format.js";
import { now, useLive } from "./live.js";
import { topicHref } from "./route.js";

/** Markup as tagged templates. Every `${value}` becomes a text node or attribute: nothing is ever parsed as HTML. */
export const html = htm.bind(h);

const PATHS = {
  chevron: "M6 4l4 4-4 4",
  back: "M10 3L5 8l5 5",
  search: "M7 12A5 5 0 107 2a5 5 0 000 10zM11 11l3.5 3.5",
  copy: "M6 6V3.5A1 1 0 017 2.5h5.5a1 1 0 011 1V9a1 1 0 01-1 1H10M3.5 6H9a1 1 0 011 1v5.5a1 1 0 01-1 1H3.5a1 1 0 01-1-1V7a1 1 0 011-1z",
  done: "M3 8.5l3.5 3.5L13 4.5",
  tree: "M3.5 2.5v9h5M3.5 6.5h5M11 6.5h2.5M11 11.5h2.5",
  refused: "M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.6v.2",
  plug: "M5.5 2v4M10.5 2v4M3.5 6h9v2a4.5 4.5 0 01-9 0zM8 12.5V15",
  warn: "M8 2l6.5 11.5h-13zM8 6.5v3.2M8 11.6v.2",
  bad: "M5.3 2h5.4L14 5.3v5.4L10.7 14H5.3L2 10.7V5.3zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  none: "M8 13.5a5.5 5.5 0 100-11 5.5 5.5 0 000 11z",
  close: "M4 4l8 8M12 4l-8 8",
};

export const Icon = ({ name }) =>
  html`<svg class="icon icon-${name}" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;

/** A topic that may break after a slash, never within a name that would fit. */
export const Path = ({ text }) =>
  text.split(/(?<=\/)/).map((level, index) => (index ? [html`<wbr />`, level] : level));

/** A quality that is not Good, by shape, colour and word. Good shows nothing: the normal case stays quiet. */
export function Quality({ quality, word = false }) {
  const { label, tone } = describeQuality(quality);
  if (tone === "normal") return word ? html`<span class="quality">${label}</span>` : null;
  return html`<span class="quality tone-${tone}" title=${`Quality: ${label}`}>
    <${Icon} name=${tone} /><span class=${word ? "" : "sr-only"}>${label}</span>
  </span>`;
}

/** Time since a timestamp, moving. `ago` writes it as a phrase. */
export function Age({ timestamp, ago = false }) {
  const at = parseTime(timestamp);
  if (at === null) return html`<span class="age">–</span>`;
  const text = ago ? formatRelative(at, now.value) : formatAge(now.value - at);
  return html`<time class="age" datetime=${timestamp} title=${timestamp}>${text}</time>`;
}

/** Quality mark, value and unit of one topic, following the stream; it flashes softly when the value changes. */
export function LiveValue({ topic, node }) {
  const { value, quality, payload, changes } = useLive(topic, node).value;
  const text = payload === undefined || payload === null ? formatValue(value) : payload;
  const flash = changes ? `flash-${changes % 2}` : "";
  return html`<span class="live">
    <${Quality} quality=${quality} />
    <span class="live-value ${flash}" title=${text.length > 14 ? text.slice(0, 400) : undefined}>${text.slice(0, 80)}</span>
    <span class="unit">${value === null ? "" : formatUnit(node.unit)}</span>
  </span>`;
}

/** Time since the newest sample of a topic. */
export function LiveAge({ topic, node }) {
  return html`<${Age} timestamp=${useLive(topic, node).value.timestamp} />`;
}

/** What happened, where and what to do, from a finding of the server. */
export function FindingText({ finding }) {
  const { what, hint, nearest } = finding;
  return html`<p class="finding-what">${what}</p>
    ${nearest ? html`<p>Did you mean <a href=${topicHref(nearest)}><${Path} text=${nearest} /></a>?</p>` : null}
    ${hint ? html`<p class="finding-hint">${hint}</p>` : null}`;
}

/** A box that says what is the matter, or what will appear here. */
export const Notice = ({ title, tone = "plain", children }) =>
  html`<div class="notice notice-${tone}"><h2>${title}</h2>${children}</div>`;

export function CopyButton({ text, label }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await copyText(text);
    setDone(true);
    setTimeout(setDone, 1500, false);
  };
  return html`<button class="icon-button" type="button" onClick=${copy} aria-label=${label} title=${label}>
    <${Icon} name=${done ? "done" : "copy"} /><span class="sr-only" aria-live="polite">${done ? "Copied" : ""}</span>
  </button>`;
}

/** The clipboard API exists only on https and localhost; a plant network is often neither. */
async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
  return undefined;
}
