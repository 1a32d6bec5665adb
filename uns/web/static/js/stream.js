// How does the page stay connected? One event stream for what is on screen, reopened when that or the line changes.

import { computed, signal } from "../vendor/signals-core.js";
import { BASE, parseJson, query } from "./api.js";
import { now, receive, toServerTime } from "./live.js";
import { filtersFor } from "./rows.js";

const INTERVAL_MS = 250; // the server conflates to the last value per topic: four updates a second suffice for eyes
const SETTLE_MS = 120; // scrolling asks for other topics many times a second
const SHRINK_MS = 5000; // topics that left the screen are kept this long, in case they come back
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15000];

/** {phase: connecting | live | lost, since: ms, retryAt: ms | null, dropped: events the server shed for us}. */
export const connection = signal({ phase: "connecting", since: Date.now(), retryAt: null, dropped: 0 });

/** Until when the page knows what happened, server time in ms: now, or the moment the line broke. */
export const lastContact = computed(() => {
  const { phase, since } = connection.value;
  return phase === "lost" ? toServerTime(since) : now.value;
});

/** Filters that this user may not subscribe to, as the server told. They are not asked for again. */
export const refused = signal(new Set());

const wants = new Map(); // part of the page -> its filters
const retired = new Set(); // streams that still deliver until their successor is open
let current = null; // {source, filters}
let timer = 0;
let attempt = 0;

/**
 * Say which topics one part of the page shows; an empty list when none. A small folder is asked for as a whole
 * (`childCount` tells how many it has), unless this user may read only some of it: a component that reads `refused`
 * comes back here when that turns out.
 */
export function want(part, topics, childCount = () => Infinity) {
  const isRefused = (parent) => refused.peek().has(`${parent}/+`);
  wants.set(part, filtersFor(topics, (parent) => (isRefused(parent) ? Infinity : childCount(parent))));
  if (connection.peek().phase === "lost") return; // the retry asks for the newest
  const wanted = wantedFilters();
  const covered = wanted.every((filter) => current?.filters.has(filter));
  const same = covered && wanted.length === (current?.filters.size ?? 0);
  clearTimeout(timer);
  if (!same) timer = setTimeout(open, covered ? SHRINK_MS : SETTLE_MS);
}

const wantedFilters = () => [...new Set([...wants.values()].flat())].filter((one) => !refused.peek().has(one)).sort();
const urlOf = (filters) => `${BASE}/stream${query({ filter: filters, interval_ms: INTERVAL_MS, skip_forbidden: true })}`;

/** Try now instead of when the back-off ends. */
export function retryNow() {
  clearTimeout(timer);
  open();
}

/** A poll was answered. Without a topic on screen there is no stream, and this is how the page knows of the server. */
export function reportAnswer() {
  if (current === null && !wantedFilters().length && connection.peek().phase !== "live") becomeLive();
}

/** A poll failed while the stream still looks open: the line is dead without having said so. */
export function reportLost() {
  if (connection.peek().phase !== "lost") lose();
}

function open() {
  const wanted = wantedFilters();
  if (current) retired.add(current.source);
  current = null;
  if (!wanted.length) return retire();
  const source = new EventSource(urlOf(wanted));
  current = { source, filters: new Set(wanted) };
  source.onopen = () => {
    if (current?.source === source) becomeLive();
  };
  source.onerror = () => {
    source.close();
    if (current?.source === source) lose();
  };
  source.addEventListener("refused", (event) => {
    const { filters } = parseJson(event.data);
    if (current?.source === source) current.filters = new Set(wanted.filter((one) => !filters.includes(one)));
    refused.value = new Set([...refused.peek(), ...filters]);
  });
  source.addEventListener("values", (event) => receive(parseJson(event.data)));
  source.addEventListener("dropped", (event) => {
    const { count = 0 } = parseJson(event.data);
    connection.value = { ...connection.peek(), dropped: connection.peek().dropped + count };
  });
  return undefined;
}

function becomeLive() {
  attempt = 0;
  retire();
  if (connection.peek().phase !== "live") change({ phase: "live", retryAt: null });
}

function retire() {
  for (const source of retired) source.close();
  retired.clear();
}

function lose() {
  current?.source.close();
  current = null;
  retire();
  const delay = BACKOFF_MS[Math.min(attempt++, BACKOFF_MS.length - 1)] * (0.8 + Math.random() * 0.4);
  change({ phase: "lost", retryAt: Date.now() + delay });
  clearTimeout(timer);
  timer = setTimeout(open, delay);
}

function change(next) {
  const last = connection.peek();
  connection.value = { ...last, ...next, since: last.phase === next.phase ? last.since : Date.now() };
}
