// What stands below a folder or an asset? Its facts, and its attributes or children with live values.

import { useEffect, useState } from "../vendor/preact-hooks.js";
import { get, isAborted } from "./api.js";
import { FactCard, Heading } from "./detail.js";
import { topicHref } from "./route.js";
import { refused, want } from "./stream.js";
import { carriesValue } from "./tree.js";
import { FindingText, html, LiveAge, LiveValue, Notice } from "./ui.js";

const LIMIT = 200;
const ASSET_DEPTH = 4;

function useChildren(path, depth) {
  const [state, setState] = useState({ nodes: null, next: null, error: null });
  useEffect(() => {
    const abort = new AbortController();
    setState({ nodes: null, next: null, error: null });
    get("tree", { path, depth, limit: LIMIT }, abort.signal).then(
      ({ nodes, next }) => setState({ nodes, next, error: null }),
      (error) => {
        if (isAborted(error)) return;
        if (!error.finding) throw error;
        setState({ nodes: null, next: null, error: error.finding });
      },
    );
    return () => {
      abort.abort();
      want("detail", []);
    };
  }, [path, depth]);
  useEffect(() => {
    const topics = (state.nodes ?? []).filter(carriesValue).map((node) => node.path);
    want("detail", topics, () => topics.length);
  }, [state.nodes, refused.value]);
  return state;
}

export function FolderDetail({ node }) {
  const isAsset = node.kind === "asset" || node.level === "attribute";
  const { nodes, next, error } = useChildren(node.path, isAsset ? ASSET_DEPTH : 1);
  const shown = (nodes ?? []).filter((child) => !isAsset || carriesValue(child));
  const facts = [
    ["Level", node.level],
    ["Model", node.model],
    ["Owner", node.owner],
    ["Declared", node.declared ? null : "no – it exists because something below it was published"],
  ];
  return html`<article class="detail">
    <${Heading} path=${node.path} description=${node.description} />
    <${FactCard} title=${node.kind === "asset" ? "Asset" : "Folder"} facts=${facts} />
    <section class="card">
      <header class="card-head">
        <h2>${isAsset ? "Attributes" : "Below"}</h2>
        <span class="quiet">${nodes ? `${shown.length}${next ? ", first page" : ""}` : ""}</span>
      </header>
      ${error ? html`<${Notice} title="Not loaded" tone="bad"><${FindingText} finding=${error} /></${Notice}>` : null}
      ${!nodes && !error ? html`<p class="quiet">Loading …</p>` : null}
      ${nodes && !shown.length ? html`<p class="quiet">Nothing here yet. Attributes come from the asset's model.</p>` : null}
      <ul class="children">${shown.map((child) => html`<${Child} key=${child.path} child=${child} base=${node.path} />`)}</ul>
      ${next ? html`<p class="quiet">More than ${LIMIT}. Open the folder in the tree or search for the rest.</p>` : null}
    </section>
  </article>`;
}

function Child({ child, base }) {
  return html`<li>
    <a href=${topicHref(child.path)}>${child.path.slice(base.length + 1)}</a>
    <span class="child-note">${child.description ?? child.model ?? ""}</span>
    ${carriesValue(child)
      ? html`<${LiveValue} topic=${child.path} node=${child} /><${LiveAge} topic=${child.path} node=${child} />`
      : html`<span class="row-meta">${child.children} below</span>`}
  </li>`;
}
