// Where is the tag I have in mind? Words matched by the server in path, description, unit and owner.

import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { batch, signal } from "../vendor/signals.js";
import { get, isAborted } from "./api.js";
import { markWords } from "./format.js";
import { go, topicHref } from "./route.js";
import { want } from "./stream.js";
import { carriesValue } from "./tree.js";
import { FindingText, html, Icon, LiveValue, Notice, Path } from "./ui.js";

const LIMIT = 50;
const SETTLE_MS = 120;

export const searchText = signal("");
const results = signal({ nodes: null, error: null });
const chosen = signal(0);
let timer = 0;
let running = null;

function setText(text) {
  searchText.value = text;
  clearTimeout(timer);
  running?.abort();
  if (text.trim()) timer = setTimeout(ask, SETTLE_MS, text.trim());
  else showResults({ nodes: null, error: null });
}

async function ask(text) {
  running = new AbortController();
  try {
    const { nodes } = await get("search", { q: text, limit: LIMIT }, running.signal);
    showResults({ nodes, error: null });
  } catch (error) {
    if (isAborted(error)) return;
    if (!error.finding) throw error;
    showResults({ nodes: null, error: error.finding });
  }
}

function showResults(next) {
  batch(() => {
    results.value = next;
    chosen.value = 0;
  });
  const topics = (next.nodes ?? []).filter(carriesValue).map((node) => node.path);
  want("search", topics);
}

const resultId = (index) => `result-${index}`;

export function SearchBox() {
  const field = useRef(null);
  useEffect(() => focusOnSlash(field), []);
  const nodes = results.value.nodes ?? [];
  return html`<div class="search" role="search">
    <${Icon} name="search" />
    <input
      ref=${field}
      type="search"
      role="combobox"
      placeholder="Search topics, units, owners"
      aria-label="Search topics"
      aria-controls="results"
      aria-expanded=${nodes.length > 0}
      aria-activedescendant=${nodes.length ? resultId(chosen.value) : undefined}
      autocomplete="off"
      spellcheck="false"
      value=${searchText.value}
      onInput=${(event) => setText(event.currentTarget.value)}
      onKeyDown=${(event) => onKey(event, nodes)}
    />
    <kbd aria-hidden="true">/</kbd>
  </div>`;
}

function focusOnSlash(field) {
  const focus = (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    if (field.current.offsetParent === null) go("#/"); // hidden behind another screen
    requestAnimationFrame(() => field.current.select());
  };
  addEventListener("keydown", focus);
  return () => removeEventListener("keydown", focus);
}

function onKey(event, nodes) {
  const last = nodes.length - 1;
  const moves = {
    ArrowDown: () => (chosen.value = Math.min(last, chosen.value + 1)),
    ArrowUp: () => (chosen.value = Math.max(0, chosen.value - 1)),
    Enter: () => nodes[chosen.value] && open(nodes[chosen.value].path),
    Escape: () => setText(""),
  };
  if (!moves[event.key]) return;
  event.preventDefault();
  moves[event.key]();
  document.getElementById(resultId(chosen.value))?.scrollIntoView({ block: "nearest" });
}

/** Show a topic and keep the results, so the next one is a key away; Esc brings the tree back, opened there. */
function open(path) {
  go(topicHref(path));
}

export function SearchResults() {
  const { nodes, error } = results.value;
  if (error) return html`<${Notice} title="The search failed" tone="bad"><${FindingText} finding=${error} /></${Notice}>`;
  if (nodes === null) return html`<p class="quiet pad">Searching …</p>`;
  if (!nodes.length) {
    return html`<${Notice} title=${`Nothing found for “${searchText.value.trim()}”`}>
      <p>Every word must occur in the path, description, unit or owner of a topic. Try fewer or shorter words.</p>
    </${Notice}>`;
  }
  const words = searchText.value.trim().split(/\s+/);
  return html`<div class="results" id="results" role="listbox" aria-label="Search results">
    ${nodes.map((node, index) => html`<${Result} key=${node.path} node=${node} index=${index} words=${words} />`)}
    ${nodes.length === LIMIT ? html`<p class="quiet pad">The first ${LIMIT}. Add a word to narrow it down.</p>` : null}
  </div>`;
}

function Result({ node, index, words }) {
  const isChosen = chosen.value === index;
  const choose = () => {
    chosen.value = index;
    open(node.path);
  };
  return html`<div
    class="result${isChosen ? " is-active" : ""}"
    id=${resultId(index)}
    role="option"
    aria-selected=${isChosen}
    onClick=${choose}
  >
    <span class="result-path"><${Marked} text=${node.path} words=${words} /></span>
    ${carriesValue(node) ? html`<${LiveValue} topic=${node.path} node=${node} />` : html`<span class="row-meta">${node.model ?? ""}</span>`}
    ${node.description ? html`<span class="result-note"><${Marked} text=${node.description} words=${words} /></span>` : null}
  </div>`;
}

const Marked = ({ text, words }) =>
  markWords(text, words).map((part) => (part.hit ? html`<mark>${part.text}</mark>` : html`<${Path} text=${part.text} />`));
