// What is there to know about one topic? Value, history, contract, source, publisher, payload, last refusal.

import { useEffect, useState } from "../vendor/preact-hooks.js";
import { escapePath, get, isAborted } from "./api.js";
import { History } from "./chart.js";
import { describeQuality, formatBytes, formatDuration, formatUnit, formatValue, parseTime, stringify } from "./format.js";
import { now, useLive } from "./live.js";
import { topicHref } from "./route.js";
import { filterViolations } from "./store.js";
import { connection, want } from "./stream.js";
import { Age, CopyButton, FindingText, html, Icon, Notice, Quality } from "./ui.js";

const REFRESH_MS = 2000; // payload, counters and publisher; the value itself follows the stream
const SETTLED_MS = 15_000; // an unknown topic may come into being, a forbidden one be allowed

/** {detail, error} of a topic, asked again and again while it is on screen. */
function useDetail(topic) {
  const [state, setState] = useState({ topic, detail: null, error: null });
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    let pause = REFRESH_MS;
    const ask = async () => {
      try {
        const detail = await get(`topics/${escapePath(topic)}`, {}, abort.signal);
        setState({ topic, detail, error: null });
        pause = REFRESH_MS;
      } catch (error) {
        if (isAborted(error)) return;
        if (!error.finding) throw error;
        if ([403, 404].includes(error.status)) pause = SETTLED_MS;
        setState((last) => (error.status === 0 && last.detail ? last : { topic, detail: null, error: error.finding }));
      }
      timer = setTimeout(ask, pause);
    };
    ask();
    want("detail", [topic]);
    return () => {
      abort.abort();
      clearTimeout(timer);
      want("detail", []);
    };
  }, [topic]);
  return state.topic === topic ? state : { detail: null, error: null };
}

const TITLES = { unknown: "No such topic", access: "You may not read this topic" };
const titleOf = (finding) => TITLES[finding.id.split(".")[0]] ?? "The topic did not load";

export function TopicDetail({ topic }) {
  const { detail, error } = useDetail(topic);
  return html`<article class="detail">
    <${Heading} path=${topic} description=${detail?.description} />
    ${error ? html`<${Notice} title=${titleOf(error)} tone="bad"><${FindingText} finding=${error} /></${Notice}>` : null}
    ${!error && !detail ? html`<p class="quiet">Loading …</p>` : null}
    ${detail ? html`<${Facts} key=${topic} detail=${detail} />` : null}
  </article>`;
}

/** Breadcrumbs, name and copy button of a topic or folder. */
export function Heading({ path, description, badge }) {
  const levels = path.split("/");
  const name = levels.at(-1) || "(empty level)";
  return html`<header class="detail-head">
    <nav class="crumbs" aria-label="Path">
      <a class="back" href="#/"><${Icon} name="back" /><span>Namespace</span></a>
      <ol>
        ${levels
          .slice(0, -1)
          .map((level, index) => html`<li><a href=${topicHref(levels.slice(0, index + 1).join("/"))}>${level}</a></li>`)}
      </ol>
    </nav>
    <div class="detail-title">
      <h1>${name}</h1>
      <${CopyButton} text=${path} label="Copy topic" />
      ${badge ?? null}
    </div>
    ${description ? html`<p class="detail-lead">${description}</p>` : null}
  </header>`;
}

function Facts({ detail }) {
  const { topic, attribute, finding } = detail;
  return html`<${BigValue} detail=${detail} />
    <${History} topic=${topic} attribute=${attribute} sample=${detail.value} />
    ${finding ? html`<${LastRefusal} topic=${topic} finding=${finding} />` : null}
    <div class="cards">
      <${Contract} detail=${detail} />
      <${Source} source=${detail.source} />
      <${Traffic} detail=${detail} />
      <${Payload} detail=${detail} />
    </div>`;
}

/** The newest message on this topic that the namespace did not take. */
function LastRefusal({ topic, finding }) {
  const showAll = () => filterViolations({ topic, finding: "", client: "" });
  return html`<section class="card refusal" aria-label="Last refusal">
    <header class="card-head">
      <${Icon} name="warn" /><h2>Last refusal: ${finding.id}</h2><a href="#/violations" onClick=${showAll}>All on this topic</a>
    </header>
    <${FindingText} finding=${finding} />
  </section>`;
}

/** A unit as people write it, with its UCUM code where that differs. */
function describeUnit(code) {
  const shown = formatUnit(code) || "none";
  return shown === code ? code : `${shown} (${code})`;
}

function BigValue({ detail }) {
  const { attribute } = detail;
  const { value, quality, timestamp, changes } = useLive(detail.topic, detail).value;
  const ageMs = now.value - (parseTime(timestamp) ?? now.value);
  // The server judges freshness from when it heard the value; an old source time alone is no fault.
  const isLate = quality === "Uncertain" && Boolean(attribute?.max_age_ms) && ageMs > attribute.max_age_ms;
  const isSample = quality !== null || value !== null;
  const flash = changes ? `flash-${changes % 2}` : "";
  const size = typeof value === "string" && value.length > 24 ? " is-long" : "";
  return html`<section class="card now tone-edge-${describeQuality(quality).tone}" aria-label="Present value">
    <p class="big${size}">
      <span class="big-value ${flash}">${isSample ? formatValue(value, true) : "No sample"}</span>
      <span class="big-unit">${value === null ? "" : formatUnit(attribute?.unit)}</span>
    </p>
    <${RangeBar} value=${value} attribute=${attribute} />
    <p class="now-meta">
      ${isSample
        ? html`<${PresentQuality} quality=${quality} />`
        : html`<span>The payload is no value with quality and time; it is shown as it is below.</span>`}
      ${timestamp
        ? html`<span class=${isLate ? "tone-warn" : ""}>
              <${Age} timestamp=${timestamp} ago=${true} />
              ${isLate ? ` – expected every ${formatDuration(attribute.max_age_ms)}` : ""}
            </span>
            <span class="stamp">${timestamp}</span>`
        : html`<span class="quiet">No value has arrived yet.</span>`}
    </p>
  </section>`;
}

/** A value that may be old is not called Good. */
function PresentQuality({ quality }) {
  if (connection.value.phase !== "lost") return html`<${Quality} quality=${quality} word=${true} />`;
  return html`<span class="quality tone-warn"><${Icon} name="warn" />Stale, was ${describeQuality(quality).label}</span>`;
}

/** Where a number stands between the contract's limits. */
function RangeBar({ value, attribute }) {
  const { min = null, max = null } = attribute ?? {};
  if (min === null || max === null || max <= min || !["number", "bigint"].includes(typeof value)) return null;
  const share = (Number(value) - Number(min)) / (Number(max) - Number(min));
  const outside = share < 0 || share > 1;
  const left = `${Math.min(1, Math.max(0, share)) * 100}%`;
  return html`<div class="range" aria-hidden="true">
    <span>${formatValue(min)}</span>
    <span class="range-track"><span class="range-mark${outside ? " is-outside" : ""}" style=${{ left }}></span></span>
    <span>${formatValue(max)}</span>
  </div>`;
}

/** A card of name-value pairs; pairs without a value are left out. */
export function FactCard({ title, facts, children }) {
  const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return html`<section class="card">
    <header class="card-head"><h2>${title}</h2></header>
    ${known.length ? html`<dl>${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>` : null}
    ${children}
  </section>`;
}

const MODES = {
  observe: "observe – violations are delivered and counted",
  warn: "warn – violations are delivered and recorded",
  quarantine: "quarantine – violations are kept in the store and delivered to nobody",
  reject: "reject – violations are refused",
};

function rangeText({ min, max, unit }) {
  const shown = formatUnit(unit);
  if (min !== null && max !== null) return `${formatValue(min)} … ${formatValue(max)} ${shown}`;
  if (min !== null) return `at least ${formatValue(min)} ${shown}`;
  return max !== null ? `at most ${formatValue(max)} ${shown}` : null;
}

function Contract({ detail }) {
  const { attribute, model, owner, mode, open } = detail;
  if (!attribute) {
    const why = open
      ? "An open branch: access is judged here, the payload is not."
      : "No data model covers this topic, so any payload is taken.";
    return html`<${FactCard} title="Contract" facts=${[["Model", model], ["Owner", owner], ["Mode", MODES[mode] ?? mode]]}>
      <p class="quiet">${why}</p>
    </${FactCard}>`;
  }
  const facts = [
    ["Type", attribute.type],
    ["Unit", attribute.unit ? describeUnit(attribute.unit) : null],
    ["Range", rangeText(attribute)],
    ["Allowed", attribute.enum?.map((one) => formatValue(one)).join(", ")],
    ["Max age", attribute.max_age_ms ? formatDuration(attribute.max_age_ms) : null],
    ["Writable", attribute.writable ? "yes" : "no"],
    ["Model", model],
    ["Attribute", attribute.path],
    ["Owner", owner],
    ["Mode", MODES[mode] ?? mode],
  ];
  return html`<${FactCard} title="Contract" facts=${facts} />`;
}

function Source({ source }) {
  if (!source) {
    return html`<${FactCard} title="Source" facts=${[]}>
      <p class="quiet">No connected device feeds this topic. Whoever publishes it is named under Traffic.</p>
    </${FactCard}>`;
  }
  const state = source.state === "running" ? source.state : html`<span class="tone-warn">${source.state}</span>`;
  const sparkplug = [source.group, source.node, source.device].filter(Boolean).join(" / ");
  const facts = [
    ["Source", html`<a href="#/sources">${source.name}</a>`],
    ["State", state],
    ["Adapter", source.adapter],
    ["Endpoint", html`<code>${source.endpoint}</code>`],
    ["Address", html`<code>${addressText(source.address)}</code>`],
    ["Sparkplug", sparkplug ? html`<code>${sparkplug}</code>` : null],
    ["Metric", source.metric ? html`<code>${source.metric}</code>` : null],
  ];
  return html`<${FactCard} title="Source" facts=${facts} />`;
}

const addressText = (address) => (typeof address === "string" ? address : stringify(address));

function Traffic({ detail }) {
  const { publisher, subscribers, updates, received_at: receivedAt, retained } = detail;
  const facts = [
    ["Publisher", publisher ? html`<code>${publisher.client_id}</code>` : "nobody yet"],
    ["Role", publisher?.role],
    ["Address", publisher?.address],
    ["Protocol", publisher?.protocol],
    ["Received", receivedAt ? html`<${Age} timestamp=${receivedAt} ago=${true} />` : null],
    ["Updates", formatValue(updates)],
    ["Retained", retained ? "yes" : "no"],
    ["Subscribers", formatValue(subscribers)],
  ];
  return html`<${FactCard} title="Traffic" facts=${facts} />`;
}

function Payload({ detail }) {
  const { payload, payload_bytes: bytes } = detail;
  const text = typeof payload === "string" ? payload : stringify(payload, 2);
  return html`<section class="card">
    <header class="card-head">
      <h2>Payload</h2>
      ${bytes ? html`<span class="quiet">${formatBytes(bytes)}</span><${CopyButton} text=${text} label="Copy payload" />` : null}
    </header>
    ${payload === null || payload === undefined
      ? html`<p class="quiet">Nothing was published here yet.</p>`
      : html`<pre tabindex="0" aria-label="Payload">${text}</pre>`}
  </section>`;
}
