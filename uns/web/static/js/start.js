// What does a newcomer need before a topic is chosen? Addresses, a first command, the keys.

import { formatCount } from "./format.js";
import { info, sources, unseenViolations } from "./store.js";
import { CopyButton, html, Icon } from "./ui.js";
import { nodeOf, rows } from "./namespace.js";

export function Start() {
  const { mqtt } = info.value ?? {};
  const first = rows.value.find((row) => row.kind === "node" && !row.path.startsWith("$"));
  const root = first ? (nodeOf(first.path)?.path.split("/")[0] ?? "#") : null;
  const filter = root ? `${root}/#` : "#";
  const command = mqtt ? `mosquitto_sub -h ${hostFor(mqtt.host)} -p ${mqtt.port} -t '${filter}' -v` : null;
  return html`<article class="detail start">
    <h1>Choose a topic</h1>
    <p class="detail-lead">
      The tree shows every topic of the plant with its newest value. Choose one to see its history, contract and source.
    </p>
    <${Attention} />
    ${command
      ? html`<section class="card">
          <header class="card-head"><h2>Any MQTT client sees the same</h2><${CopyButton} text=${command} label="Copy command" /></header>
          <pre tabindex="0" aria-label="Command">${command}</pre>
        </section>`
      : null}
    <section class="card">
      <header class="card-head"><h2>Keys</h2></header>
      <dl>
        <div><dt><kbd>/</kbd></dt><dd>search</dd></div>
        <div><dt><kbd>↑</kbd> <kbd>↓</kbd></dt><dd>move through the tree or the results</dd></div>
        <div><dt><kbd>→</kbd> <kbd>←</kbd></dt><dd>open and close a folder</dd></div>
        <div><dt><kbd>Enter</kbd></dt><dd>show the topic</dd></div>
        <div><dt><kbd>Esc</kbd></dt><dd>leave the search</dd></div>
      </dl>
    </section>
    <p class="quiet">For programs: <a href="docs">HTTP API</a> · <a href="metrics">metrics</a></p>
  </article>`;
}

/** What is not normal now; one quiet line when everything is. */
function Attention() {
  const list = sources.value.list ?? [];
  const troubled = list.filter((source) => source.state !== "running" && source.state !== "stopped");
  const unseen = unseenViolations.value;
  const total = info.value?.counts.violations ?? 0;
  return html`<section class="card" aria-label="Needs attention">
    <header class="card-head"><h2>Needs attention</h2></header>
    ${!troubled.length && !unseen
      ? html`<p class="quiet">Nothing. ${list.length ? `All ${list.length} sources are running.` : "No source is connected yet."}</p>`
      : null}
    <ul class="attention">
      ${troubled.map(
        (source) => html`<li key=${source.name}>
          <${Icon} name="warn" /><a href="#/sources">${source.name}</a>
          <span>${source.state}${source.finding ? ` – ${source.finding.what}` : ""}</span>
        </li>`,
      )}
      ${unseen
        ? html`<li><${Icon} name="warn" /><a href="#/violations">${formatCount(unseen)} new</a><span>refused since this page was opened</span></li>`
        : null}
    </ul>
    ${total > unseen ? html`<p class="quiet"><a href="#/violations">${formatCount(total - unseen)} violations</a> ${unseen ? "before that" : "so far"}.</p>` : null}
  </section>`;
}

/** A server that listens everywhere is reached under the name that this page came from. */
const hostFor = (host) => (["0.0.0.0", "::", ""].includes(host) ? location.hostname : host);
