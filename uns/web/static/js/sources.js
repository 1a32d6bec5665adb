// Which devices feed the namespace, and are they well? State, cause, next attempt and rates of each source.

import { useEffect } from "../vendor/preact-hooks.js";
import { formatRate, formatRelative, formatValue, parseTime } from "./format.js";
import { now } from "./live.js";
import { loadSources, sources } from "./store.js";
import { Age, FindingText, html, Icon, Notice } from "./ui.js";

/** Tone and icon of a state: normal stays grey. */
const STATES = {
  running: { tone: "normal", icon: null },
  stopped: { tone: "none", icon: "none" },
  connecting: { tone: "none", icon: "none" },
  silent: { tone: "warn", icon: "warn" },
  retrying: { tone: "warn", icon: "warn" },
  failed: { tone: "bad", icon: "bad" },
};

export function Sources() {
  const { list, error } = sources.value;
  useEffect(() => {
    loadSources();
  }, []);
  return html`<main class="screen" aria-labelledby="sources-title">
    <header class="screen-head">
      <div>
        <h1 id="sources-title">Sources</h1>
        <p class="quiet">Devices and servers that adapters read, one per file in <code>sources/</code>.</p>
      </div>
    </header>
    ${error ? html`<${Notice} title="The sources did not load" tone="bad"><${FindingText} finding=${error} /></${Notice}>` : null}
    ${!list && !error ? html`<p class="quiet">Loading …</p>` : null}
    ${list && !list.length
      ? html`<${Notice} title="No sources">
          <p>Put a file into <code>sources/</code> of the plant directory to connect a PLC, or publish with any MQTT client.</p>
        </${Notice}>`
      : null}
    <ul class="sources">${(list ?? []).map((source) => html`<${Source} key=${source.name} source=${source} />`)}</ul>
  </main>`;
}

function Source({ source }) {
  const { name, adapter, endpoint, edge, state, since, finding, next_attempt: nextAttempt } = source;
  const { tone, icon } = STATES[state] ?? { tone: "warn", icon: "warn" };
  return html`<li class="card source tone-edge-${tone}">
    <header>
      <h2>${name}</h2>
      <p class="source-state tone-${tone}">
        ${icon ? html`<${Icon} name=${icon} />` : null}<strong>${state}</strong>
        <span>for <${Age} timestamp=${since} /></span>
      </p>
    </header>
    <p class="source-where"><span>${adapter}</span><code>${endpoint}</code><code>${edge}</code></p>
    ${finding
      ? html`<div class="source-why">
          <${FindingText} finding=${finding} />
          ${nextAttempt ? html`<p class="quiet">Next attempt ${formatRelative(parseTime(nextAttempt), now.value)}.</p>` : null}
        </div>`
      : null}
    <${Numbers} source=${source} />
  </li>`;
}

function Numbers({ source }) {
  const { points, points_seen: seen, points_missing: missing, reconnects, dropped } = source;
  const cells = [
    ["Points", `${formatValue(seen)} of ${formatValue(points)}`, missing > 0 ? `${missing} missing` : null],
    ["Rate", `${formatRate(source.rate_per_s)} /s`, null],
    ["Last value", html`<${Age} timestamp=${source.last_value_at} ago=${true} />`, null],
    ["Reconnects", formatValue(reconnects), null],
    ["Dropped", formatValue(dropped), dropped > 0 ? "queue was full" : null],
  ];
  return html`<dl class="numbers">
    ${cells.map(
      ([name, value, trouble]) =>
        html`<div><dt>${name}</dt><dd>${value}${trouble ? html` <span class="tone-warn">${trouble}</span>` : null}</dd></div>`,
    )}
  </dl>`;
}
