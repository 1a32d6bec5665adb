// How is the namespace drawn and walked? Virtual rows: only what the viewport shows is in the document.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact-hooks.js";
import * as namespace from "./namespace.js";
import { go, route, topicHref } from "./route.js";
import { parentOf, visibleRange } from "./rows.js";
import { refused, want } from "./stream.js";
import { FindingText, html, Icon, LiveAge, LiveValue, Notice } from "./ui.js";

export const carriesValue = (node) => node.kind === "attribute" || node.kind === "topic";

/** What `useViewport` measures: {top, height, rowHeight} in pixels. Touch screens have taller rows (see tree.css). */
function useViewport(box) {
  const [view, setView] = useState({ top: 0, height: 600, rowHeight: 28 });
  useLayoutEffect(() => {
    const element = box.current;
    let frame = 0;
    const measure = () => {
      frame = 0;
      const rowHeight = parseFloat(getComputedStyle(element).getPropertyValue("--row")) || 28;
      const next = { top: element.scrollTop, height: element.clientHeight, rowHeight };
      setView((last) => (Object.keys(next).every((key) => next[key] === last[key]) ? last : next));
    };
    const later = () => {
      frame ||= requestAnimationFrame(measure);
    };
    const observer = new ResizeObserver(later);
    observer.observe(element);
    element.addEventListener("scroll", later, { passive: true });
    measure();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", later);
      cancelAnimationFrame(frame);
    };
  }, []);
  return view;
}

export function Tree() {
  const box = useRef(null);
  const { top, height, rowHeight } = useViewport(box);
  const rows = namespace.rows.value;
  const active = namespace.active.value;
  const selected = route.value.topic;
  refused.value; // drawn again, the rows ask for topic by topic where a whole folder is refused
  const [first, end] = visibleRange(top, height, rowHeight, rows.length);
  const visible = rows.slice(first, end);
  const position = useMemo(() => rows.findIndex((row) => isNode(row) && row.path === active), [rows, active]);

  useEffect(() => followVisible(visible));
  useEffect(() => {
    if (selected !== null) revealInTree(selected);
  }, [selected]);
  useEffect(() => scrollTo(box.current, position, rowHeight), [active, position < 0]);

  const drawn = position >= first && position < end;
  return html`<div
    class="tree"
    ref=${box}
    role="tree"
    tabindex="0"
    aria-label="Namespace"
    aria-activedescendant=${drawn ? rowId(position) : undefined}
    onKeyDown=${(event) => onKey(event, rows, position, Math.floor(height / rowHeight))}
  >
    <div class="tree-spacer" role="presentation" style=${{ height: `${rows.length * rowHeight}px` }}>
      ${visible.map((row, index) => {
        const at = first + index;
        return html`<${Row}
          key=${`${row.kind} ${row.path}`}
          row=${row}
          id=${rowId(at)}
          top=${at * rowHeight}
          active=${at === position}
          selected=${row.kind === "node" && row.path === selected}
        />`;
      })}
    </div>
  </div>`;
}

const rowId = (position) => `row-${position}`;

async function revealInTree(topic) {
  if (await namespace.reveal(topic)) namespace.active.value = topic;
}

function scrollTo(box, position, rowHeight) {
  if (position < 0) return;
  const top = position * rowHeight;
  if (top < box.scrollTop) box.scrollTop = Math.max(0, top - 2 * rowHeight);
  else if (top + rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - box.clientHeight + 3 * rowHeight;
}

/** Stream what is on screen, and load the pages and folders that came into view. */
function followVisible(visible) {
  const topics = [];
  for (const row of visible) {
    if (row.kind === "more") namespace.loadMore(row.path);
    else if (row.kind === "node" && carriesValue(namespace.nodeOf(row.path))) topics.push(row.path);
  }
  want("tree", topics, namespace.childCount);
}

function Row({ row, id, top, active, selected }) {
  const indent = { top: `${top}px`, "--depth": row.depth - 1 };
  if (row.kind !== "node") return html`<div class="row row-note" style=${indent}><${RowNote} row=${row} /></div>`;
  const node = namespace.nodeOf(row.path);
  const openable = node.children > 0;
  const open = openable && namespace.expanded.value.has(row.path);
  const classes = `row kind-${node.kind}${active ? " is-active" : ""}${selected ? " is-selected" : ""}`;
  const toggle = (event) => {
    event.stopPropagation();
    namespace.active.value = row.path;
    if (open) namespace.collapse(row.path);
    else namespace.expand(row.path);
  };
  return html`<div
    class=${classes}
    style=${indent}
    id=${id}
    role="treeitem"
    aria-level=${row.depth}
    aria-posinset=${row.position}
    aria-setsize=${row.size}
    aria-selected=${selected}
    aria-expanded=${openable ? open : undefined}
    data-path=${row.path}
    onClick=${() => choose(row.path)}
  >
    <span class="twisty${open ? " is-open" : ""}" onClick=${openable ? toggle : undefined}>
      ${openable ? html`<${Icon} name="chevron" />` : null}
    </span>
    <span class="row-name" title=${node.description ?? undefined}>${node.name || "(empty level)"}</span>
    ${carriesValue(node)
      ? html`<${LiveValue} key=${row.path} topic=${row.path} node=${node} />
          <${LiveAge} key=${`age ${row.path}`} topic=${row.path} node=${node} />`
      : html`<span class="row-meta">${node.kind === "asset" ? node.model : ""}</span>`}
  </div>`;
}

function RowNote({ row }) {
  if (row.kind === "error") {
    return html`<span class="tone-bad">${namespace.folderError(row.path)?.what}</span>
      <button type="button" class="link" onClick=${() => namespace.retry(row.path)}>Try again</button>`;
  }
  return row.kind === "empty" ? "Nothing below" : "Loading …";
}

const onePane = matchMedia("(max-width: 820px)"); // as in shell.css

/**
 * Open a folder and show it, or show a topic; both become the address, so back and a shared link work.
 * Where there is room for one pane only, a folder just opens: showing it would hide what it holds.
 */
function choose(path) {
  namespace.active.value = path;
  const openable = namespace.isOpenable(path);
  const isOpen = namespace.expanded.value.has(path);
  if (openable && isOpen && onePane.matches) namespace.collapse(path);
  else if (openable) namespace.expand(path);
  if (!openable || !onePane.matches) go(topicHref(path));
}

const isNode = (row) => row?.kind === "node";

function onKey(event, rows, position, page) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const path = rows[position]?.path;
  const open = path !== undefined && namespace.expanded.value.has(path);
  const moves = {
    ArrowDown: () => move(rows, position + 1, 1),
    ArrowUp: () => move(rows, position - 1, -1),
    PageDown: () => move(rows, Math.min(rows.length - 1, position + page), -1),
    PageUp: () => move(rows, Math.max(0, position - page), 1),
    Home: () => move(rows, 0, 1),
    End: () => move(rows, rows.length - 1, -1),
    ArrowRight: () => (open ? move(rows, position + 1, 1) : namespace.expand(path)),
    ArrowLeft: () => (open ? namespace.collapse(path) : step(parentOf(path))),
    Enter: () => choose(path),
    " ": () => (open ? namespace.collapse(path) : choose(path)),
  };
  const action = moves[event.key];
  if (!action) return;
  event.preventDefault();
  if (position >= 0) action();
  else move(rows, 0, 1);
}

function move(rows, position, direction) {
  let at = position;
  while (rows[at] && !isNode(rows[at])) at += direction;
  if (rows[at]) step(rows[at].path);
}

function step(path) {
  if (path) namespace.active.value = path;
}

/** The tree's place before it has rows, or when it cannot get them. */
export function TreePane() {
  const error = namespace.folderError("");
  if (error && !namespace.hasFolder("")) {
    return html`<${Notice} title="The namespace did not load" tone="bad"><${FindingText} finding=${error} /></${Notice}>`;
  }
  if (namespace.hasFolder("") && namespace.childCount("") === 0) {
    return html`<${Notice} title="Nothing here yet">
      <p>Topics appear as soon as they are declared in <code>namespace.yaml</code> or published.</p>
    </${Notice}>`;
  }
  return html`<${Tree} />`;
}
