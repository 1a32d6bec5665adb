// Which folders of the namespace are known and open? Loads children when they are first asked for.

import { computed, signal } from "../vendor/signals.js";
import { get } from "./api.js";
import { onEvent } from "./live.js";
import { ancestorsOf, flatten, parentOf } from "./rows.js";

const PAGE = 500;
const FIRST_ROWS = 16; // the first look opens levels until about this many rows stand there
const REFRESHED_FOLDERS = 40;
const PAGES_TO_REVEAL = 20; // how far a deep link pages through one folder

const nodes = new Map(); // path -> Node of the API
const folders = new Map(); // path -> {children: [path] | null, next, error}
const underway = new Map(); // path -> promise of the page that is being fetched: who asks again waits for the same one
const version = signal(0); // counts changes of the two maps that alter rows

export const expanded = signal(new Set());
export const active = signal(null); // path of the row that the keyboard is on
export const rows = computed(() => {
  version.value;
  return flatten((path) => folders.get(path), expanded.value);
});

export const nodeOf = (path) => nodes.get(path);
export const isOpenable = (path) => (nodes.get(path)?.children ?? 0) > 0;
export const childCount = (path) => folders.get(path)?.children?.length ?? Infinity;

/** Whether a folder's children are here; reading it in a component follows the answer. */
export const hasFolder = (path) => version.value >= 0 && Boolean(folders.get(path)?.children);
export const folderError = (path) => (version.value >= 0 ? (folders.get(path)?.error ?? null) : null);

onEvent((event) => {
  const node = nodes.get(event.topic);
  if (node) Object.assign(node, { value: event.value, quality: event.quality, timestamp: event.timestamp });
});

/** Load the first page of a folder; with `fresh`, again (new topics appear, the rows stay until it is here). */
export async function load(path, fresh = false) {
  if (underway.has(path)) await underway.get(path);
  else if (fresh || !folders.get(path)?.children) await startPage(path, null);
}

/** Load the next page of a folder. */
export async function loadMore(path) {
  if (underway.has(path)) await underway.get(path);
  else if (folders.get(path)?.next && !folders.get(path).error) await startPage(path, folders.get(path).next);
}

/** Ask again for the page that failed. */
export async function retry(path) {
  await startPage(path, folders.get(path)?.next ?? null);
}

function startPage(path, cursor) {
  const page = fetchPage(path, cursor).finally(() => underway.delete(path));
  underway.set(path, page);
  return page;
}

async function fetchPage(path, cursor) {
  const before = folders.get(path) ?? { children: null, next: null };
  try {
    const page = await get("tree", { path, depth: 1, limit: PAGE, cursor });
    const children = cursor ? [...before.children] : [];
    for (const node of page.nodes) {
      nodes.set(node.path, node);
      children.push(node.path);
    }
    folders.set(path, { children, next: page.next, error: null });
  } catch (error) {
    if (!error.finding) throw error;
    folders.set(path, { ...before, error: error.finding });
  }
  version.value += 1;
}

export function expand(path) {
  if (!isOpenable(path)) return Promise.resolve();
  if (!expanded.value.has(path)) expanded.value = new Set(expanded.value).add(path);
  return load(path, (folders.get(path)?.children?.length ?? 0) <= PAGE);
}

export function collapse(path) {
  const open = new Set(expanded.value);
  if (open.delete(path)) expanded.value = open;
}

/** Open every folder above `path` and page until it is there. Answers whether the tree has it. */
export async function reveal(path) {
  await load("");
  for (const folder of ancestorsOf(path)) {
    if (!(await find(folder)) || !isOpenable(folder)) return nodes.has(path);
    if (!expanded.value.has(folder)) expanded.value = new Set(expanded.value).add(folder);
    await load(folder);
  }
  return find(path);
}

async function find(path) {
  const parent = parentOf(path);
  for (let page = 0; page < PAGES_TO_REVEAL && !nodes.has(path) && folders.get(parent)?.next; page++) {
    await loadMore(parent);
  }
  return nodes.has(path);
}

/** What the plant declares, not the broker's own topics or raw Sparkplug. */
const opensAtFirst = (node) => node.kind === "folder" && node.declared;

/** First look: open level after level while the page stays short. */
export async function openFirstLevels() {
  await load("");
  let level = folders.get("")?.children ?? [];
  while (level.length && level.length <= FIRST_ROWS) {
    const folderPaths = level.filter((path) => isOpenable(path) && opensAtFirst(nodes.get(path)));
    const more = folderPaths.reduce((sum, path) => sum + nodes.get(path).children, 0);
    if (!folderPaths.length || (rows.peek().length + more > FIRST_ROWS && level !== folders.get("").children)) return;
    await Promise.all(folderPaths.map(expand));
    level = folderPaths.flatMap((path) => folders.get(path)?.children ?? []);
  }
}

/** Topics appeared or went: look again into the folders opened last, as far as they fit one page. */
export async function refresh() {
  const open = [...expanded.value].slice(-REFRESHED_FOLDERS);
  for (const path of ["", ...open]) {
    const folder = folders.get(path);
    if (folder?.next) folders.set(path, { ...folder, error: null });
    else if ((folder?.children?.length ?? 0) <= PAGE) await load(path, true);
  }
  version.value += 1;
}
