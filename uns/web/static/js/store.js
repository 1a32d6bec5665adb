// What does the whole page know about the server? /info, sources and violations, polled at their own pace.

import { computed, signal } from "../vendor/signals.js";
import { get } from "./api.js";
import { parseTime } from "./format.js";
import { setServerTime } from "./live.js";
import { refresh as refreshTree } from "./namespace.js";
import { route } from "./route.js";
import { connection, reportAnswer, reportLost } from "./stream.js";

const POLL_MS = 2000;
const SOURCES_EVERY = 2; // polls; every poll while the list is on screen
const FAILURES_UNTIL_LOST = 2;
const PAGE = 100;

export const info = signal(null);
export const messageRate = signal(null); // messages in per second, between the last two polls
export const sources = signal({ list: null, error: null });
export const violations = signal({ list: null, next: null, total: 0, shed: 0, error: null, busy: false });
export const violationFilter = signal({ topic: "", finding: "", client: "" });
export const announcement = signal(""); // read out by screen readers
export const seenViolations = signal(null); // total when the list was last on screen

/** Violations since the list was last looked at. */
export const unseenViolations = computed(() =>
  seenViolations.value === null ? 0 : Math.max(0, (info.value?.counts.violations ?? 0) - seenViolations.value),
);
export const troubledSources = computed(
  () => (sources.value.list ?? []).filter((source) => source.state !== "running" && source.state !== "stopped").length,
);

let failures = 0;
let polls = 0;
let lastPoll = null; // {messages, atMs}

/** Poll for as long as the page lives; a hidden page asks nothing. */
export async function poll() {
  for (;;) {
    if (document.visibilityState === "visible") await pollOnce();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function pollOnce() {
  try {
    const before = info.peek();
    const next = await get("info");
    failures = 0;
    reportAnswer();
    setServerTime(parseTime(next.started_at) + next.uptime_s * 1000);
    measureRate(next);
    info.value = next;
    await follow(before, next);
  } catch (error) {
    if (!error.finding) throw error;
    failures += 1;
    if (failures >= FAILURES_UNTIL_LOST) reportLost();
  }
}

async function follow(before, next) {
  const restarted = before !== null && before.started_at !== next.started_at;
  if (seenViolations.peek() === null || restarted) seenViolations.value = next.counts.violations;
  const fresh = next.counts.violations - (before?.counts.violations ?? next.counts.violations);
  if (fresh > 0) announcement.value = `${fresh} new violation${fresh > 1 ? "s" : ""}`;
  if (fresh !== 0 && violations.peek().list) await loadViolations();
  if (route.peek().view === "violations") seenViolations.value = next.counts.violations;
  if (before && before.counts.topics !== next.counts.topics) await refreshTree();
  if (polls++ % SOURCES_EVERY === 0 || route.peek().view === "sources") await loadSources();
}

function measureRate(next) {
  const atMs = performance.now();
  const messages = next.counts.messages_in;
  if (lastPoll && messages >= lastPoll.messages) {
    messageRate.value = ((messages - lastPoll.messages) * 1000) / (atMs - lastPoll.atMs);
  }
  lastPoll = { messages, atMs };
}

export async function loadSources() {
  try {
    sources.value = { list: (await get("sources")).sources, error: null };
  } catch (error) {
    if (!error.finding) throw error;
    sources.value = { ...sources.peek(), error: error.finding };
  }
}

/** Load the newest page under the present filter, or with `older` the one after the last row. */
export async function loadViolations(older = false) {
  const known = violations.peek();
  const filter = violationFilter.peek();
  violations.value = { ...known, busy: true };
  try {
    const page = await get("violations", { limit: PAGE, before: older ? known.next : null, ...filter });
    if (filter !== violationFilter.peek()) return; // a newer filter asks for itself
    const list = older ? [...known.list, ...page.violations] : page.violations;
    violations.value = { list, next: page.next, total: page.total, shed: page.shed, error: null, busy: false };
  } catch (error) {
    if (!error.finding) throw error;
    violations.value = { ...known, error: error.finding, busy: false };
  }
}

export function filterViolations(change) {
  violationFilter.value = { ...violationFilter.peek(), ...change };
  return loadViolations();
}

/** After the line was down, everything on screen may be old. */
export function catchUpAfterReconnect() {
  let last = connection.peek().phase;
  connection.subscribe(({ phase }) => {
    if (phase === last) return;
    if (phase === "lost") announcement.value = "Connection to the server lost";
    if (phase === "live" && last === "lost") {
      announcement.value = "Connected again";
      refreshTree();
      loadSources();
      if (violations.peek().list) loadViolations();
    }
    last = phase;
  });
}
