// Which screen is on? The frame around everything: header, navigation, panes, and the start of it all.

import { render } from "../vendor/preact.js";
import { useEffect, useState } from "../vendor/preact-hooks.js";
import { TopicDetail } from "./detail.js";
import { FolderDetail } from "./folder.js";
import { formatAge, formatClock, formatCount, formatRate } from "./format.js";
import { now, startClock } from "./live.js";
import { nodeOf, openFirstLevels, reveal } from "./namespace.js";
import { followAddress, route } from "./route.js";
import { SearchBox, SearchResults, searchText } from "./search.js";
import { Sources } from "./sources.js";
import { Start } from "./start.js";
import * as store from "./store.js";
import { connection, retryNow } from "./stream.js";
import { carriesValue, TreePane } from "./tree.js";
import { html, Icon } from "./ui.js";
import { Violations } from "./violations.js";

function App() {
  const { view, topic } = route.value;
  const isList = view === "violations" || view === "sources";
  return html`<div class="app" data-view=${view} data-line=${connection.value.phase}>
    <${Header} view=${view} />
    <${LostBanner} />
    ${view === "violations" ? html`<${Violations} />` : null}
    ${view === "sources" ? html`<${Sources} />` : null}
    <div class="panes" hidden=${isList}>
      <section class="pane tree-pane" aria-label="Namespace">
        <${SearchBox} />
        <div class="pane-body" hidden=${searchText.value.trim() === ""}>
          ${searchText.value.trim() ? html`<${SearchResults} />` : null}
        </div>
        <div class="pane-body" hidden=${searchText.value.trim() !== ""}><${TreePane} /></div>
      </section>
      <main class="pane detail-pane" tabindex="-1">
        ${topic === null ? html`<${Start} />` : html`<${Detail} key=${topic} topic=${topic} />`}
      </main>
    </div>
    <p class="sr-only" role="status" aria-live="polite">${store.announcement.value}</p>
  </div>`;
}

/** A topic, or a folder when the tree knows the path as one. */
function Detail({ topic }) {
  const [isLookedUp, setLookedUp] = useState(nodeOf(topic) !== undefined);
  useEffect(() => {
    if (!isLookedUp) reveal(topic).finally(() => setLookedUp(true));
  }, [topic]);
  if (!isLookedUp) return html`<article class="detail"><p class="quiet">Loading …</p></article>`;
  const node = nodeOf(topic);
  return node && !carriesValue(node)
    ? html`<${FolderDetail} node=${node} />`
    : html`<${TopicDetail} topic=${topic} />`;
}

function Header({ view }) {
  const { name, counts } = store.info.value ?? {};
  const troubled = store.troubledSources.value;
  const unseen = store.unseenViolations.value;
  const inTree = view === "home" || view === "topic";
  return html`<header class="top">
    <a class="brand" href="#/">
      <img src="favicon.svg" alt="" width="24" height="24" />
      <span class="brand-text"><strong>Unified Namespace</strong><span>${name ?? ""}</span></span>
    </a>
    <nav class="tabs" aria-label="Screens">
      <${Tab} href="#/" icon="tree" text="Namespace" count=${counts?.topics} current=${inTree} />
      <${Tab} href="#/violations" icon="refused" text="Violations" count=${counts?.violations} current=${view === "violations"} alert=${unseen} />
      <${Tab} href="#/sources" icon="plug" text="Sources" count=${counts?.sources} current=${view === "sources"} alert=${troubled} />
    </nav>
    <${LineState} counts=${counts} />
  </header>`;
}

function Tab({ href, icon, text, count, current, alert = 0 }) {
  return html`<a href=${href} aria-current=${current ? "page" : undefined}>
    <${Icon} name=${icon} /><span>${text}</span>
    ${count === undefined ? null : html`<span class="count">${formatCount(count)}</span>`}
    ${alert > 0
      ? html`<span class="alert"><${Icon} name="warn" /><span>${formatCount(alert)}</span>
          <span class="sr-only">${text === "Sources" ? "not running" : "new"}</span></span>`
      : null}
  </a>`;
}

const PHASES = { connecting: "Connecting", live: "Live", lost: "Offline" };

function LineState({ counts }) {
  const { phase, dropped } = connection.value;
  const rate = store.messageRate.value;
  return html`<div class="line">
    ${counts ? html`<span class="line-fact">${formatCount(counts.clients)} MQTT client${counts.clients === 1 ? "" : "s"}</span>` : null}
    ${rate === null ? null : html`<span class="line-fact">${formatRate(rate)} msg/s</span>`}
    ${dropped ? html`<span class="line-fact tone-warn">${formatCount(dropped)} updates skipped</span>` : null}
    <span class="line-state line-${phase}"><span class="lamp"></span>${PHASES[phase]}</span>
  </div>`;
}

function LostBanner() {
  const { phase, since, retryAt } = connection.value;
  if (phase !== "lost") return null;
  now.value; // counts the seconds
  const wait = Math.max(0, (retryAt ?? 0) - Date.now());
  return html`<div class="banner">
    <${Icon} name="warn" />
    <span>
      <strong>The server is away.</strong> Values are stale since ${formatClock(since)} (${formatAge(Date.now() - since)}).
      ${wait > 999 ? ` Next attempt in ${formatAge(wait)}.` : " Trying now …"}
    </span>
    <button type="button" class="button" onClick=${retryNow}>Try now</button>
  </div>`;
}

followAddress();
startClock();
store.catchUpAfterReconnect();
const root = document.getElementById("app");
root.replaceChildren(); // the "loading" line of the page
render(html`<${App} />`, root);
store.poll();
openFirstLevels();
