// What was refused, why, and who sent it? The newest violations with their reasons and payloads.

import { useEffect, useState } from "../vendor/preact-hooks.js";
import { formatBytes, formatClock, formatCount, formatDate, formatRelative, formatTime, parseTime } from "./format.js";
import { now } from "./live.js";
import { topicHref } from "./route.js";
import { filterViolations, info, loadViolations, seenViolations, violationFilter, violations } from "./store.js";
import { FindingText, html, Icon, Notice, Path } from "./ui.js";

const SETTLE_MS = 250;

export function Violations() {
  const { list, next, total, shed, error, busy } = violations.value;
  useEffect(() => {
    loadViolations();
    seenViolations.value = info.peek()?.counts.violations ?? seenViolations.peek();
  }, []);
  const isFiltered = Object.values(violationFilter.value).some(Boolean);
  return html`<main class="screen" aria-labelledby="violations-title">
    <header class="screen-head">
      <div>
        <h1 id="violations-title">Violations</h1>
        <p class="quiet">
          Messages that broke a rule of the namespace${list ? `: ${formatCount(total)} so far` : ""}${shed
            ? `, ${formatCount(shed)} of them no longer kept`
            : ""}.
        </p>
      </div>
      <${Filters} list=${list ?? []} />
    </header>
    ${error ? html`<${Notice} title="The violations did not load" tone="bad"><${FindingText} finding=${error} /></${Notice}>` : null}
    ${!list && !error ? html`<p class="quiet">Loading …</p>` : null}
    ${list && !list.length ? html`<${Nothing} isFiltered=${isFiltered} />` : null}
    ${list?.length
      ? html`<ul class="violations">${list.map((one) => html`<${Violation} key=${one.id} violation=${one} />`)}</ul>`
      : null}
    ${next ? html`<button type="button" class="button" disabled=${busy} onClick=${() => loadViolations(true)}>Load older</button>` : null}
  </main>`;
}

function Nothing({ isFiltered }) {
  if (isFiltered) {
    const clear = () => filterViolations({ topic: "", finding: "", client: "" });
    return html`<${Notice} title="No violation matches the filter">
      <p>A topic filter is an MQTT filter, such as <code>acme/+/packaging/#</code>.</p>
      <button type="button" class="button" onClick=${clear}>Clear the filter</button>
    </${Notice}>`;
  }
  return html`<${Notice} title="No violations">
    <p>A refused message appears here with its reason: an unknown topic, a payload that breaks its contract, a publisher without the right.</p>
  </${Notice}>`;
}

function Filters({ list }) {
  const filter = violationFilter.value;
  const findings = [...new Set([...list.map((one) => one.finding.id), filter.finding])].filter(Boolean).sort();
  return html`<form class="filters" onSubmit=${(event) => event.preventDefault()}>
    <${TextFilter} name="topic" label="Topic filter" placeholder="acme/+/packaging/#" />
    <label>
      <span>Finding</span>
      <select value=${filter.finding} onChange=${(event) => filterViolations({ finding: event.currentTarget.value })}>
        <option value="">any</option>
        ${findings.map((id) => html`<option value=${id}>${id}</option>`)}
      </select>
    </label>
    <${TextFilter} name="client" label="Client id" placeholder="any" />
  </form>`;
}

function TextFilter({ name, label, placeholder }) {
  const [timer, setTimer] = useState(0);
  const change = (event) => {
    const text = event.currentTarget.value.trim();
    clearTimeout(timer);
    setTimer(setTimeout(filterViolations, SETTLE_MS, { [name]: text }));
  };
  return html`<label>
    <span>${label}</span>
    <input type="text" placeholder=${placeholder} value=${violationFilter.value[name]} onInput=${change} spellcheck="false" />
  </label>`;
}

function Violation({ violation }) {
  const [open, setOpen] = useState(false);
  const { id, time, topic, outcome, finding, client_id: client } = violation;
  const at = parseTime(time);
  return html`<li class=${open ? "is-open" : ""}>
    <button type="button" aria-expanded=${open} aria-controls=${`violation-${id}`} onClick=${() => setOpen(!open)}>
      <span class="twisty${open ? " is-open" : ""}"><${Icon} name="chevron" /></span>
      <time datetime=${time} title=${time}>
        <span class="v-clock">${formatClock(at)}</span><span class="v-ago">${formatRelative(at, now.value)}</span>
      </time>
      <span class="v-finding outcome-${outcome}">${finding.id}</span>
      <span class="v-text"><span class="v-topic"><${Path} text=${topic} /></span>${open ? null : html`<span class="v-what">${finding.what}</span>`}</span>
      <span class="v-client">${client}</span>
    </button>
    ${open ? html`<${Explained} violation=${violation} at=${at} />` : null}
  </li>`;
}

const OUTCOMES = {
  observed: "observed – delivered and counted",
  warned: "warned – delivered and recorded",
  quarantined: "quarantined – kept, delivered to nobody",
  rejected: "rejected – refused",
};

function Explained({ violation, at }) {
  const { id, topic, outcome, mode, finding, role, address, qos, retain, payload_bytes: bytes } = violation;
  const { payload } = violation;
  const facts = [
    ["Topic", html`<a href=${topicHref(topic)}><${Path} text=${topic} /></a>`],
    ["Time", `${formatDate(at)} ${formatTime(at)}`],
    ["Outcome", OUTCOMES[outcome] ?? outcome],
    ["Mode", mode],
    ["Where", finding.where ? html`<code>${finding.where}</code>` : null],
    ["Client", html`<code>${violation.client_id}</code>`],
    ["Role", role],
    ["Address", address],
    ["QoS", `${qos}${retain ? ", retained" : ""}`],
  ];
  return html`<div class="v-more" id=${`violation-${id}`}>
    <div class="v-why"><${FindingText} finding=${finding} /></div>
    <dl>${facts.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <div class="v-payload">
      <p class="quiet">Payload, ${formatBytes(bytes)}${payload !== null && payload.length < bytes ? " (beginning)" : ""}</p>
      ${payload === null
        ? html`<p class="quiet">Not shown: you may not read this topic.</p>`
        : html`<pre tabindex="0" aria-label="Payload">${payload || "(empty)"}</pre>`}
    </div>
  </div>`;
}
