// What is the newest value of each topic on screen, and what time is it at the server?

import { batch, signal } from "../vendor/signals-core.js";
import { useEffect, useMemo } from "../vendor/preact-hooks.js";

/** The server's UTC in milliseconds, moving once a second: ages are counted against it, not this machine's clock. */
export const now = signal(Date.now());
let offsetMs = 0;

export const toServerTime = (localMs) => localMs + offsetMs;
export const serverNow = () => toServerTime(Date.now());

export function setServerTime(ms) {
  offsetMs = ms - Date.now();
  now.value = serverNow();
}

export function startClock() {
  setInterval(() => {
    now.value = serverNow();
  }, 1000);
}

const shown = new Map(); // topic -> {sample: signal, users}
const pending = new Map(); // topic -> newest event, applied with the next frame
const listeners = new Set();
let frame = 0;

/** Subscribe a component to a topic's newest {value, quality, timestamp, changes}; `seed` until the stream speaks. */
export function useLive(topic, seed) {
  const entry = useMemo(() => enter(topic, seed), [topic]);
  useEffect(() => {
    entry.users += 1;
    if (!shown.has(topic)) shown.set(topic, entry);
    return () => {
      entry.users -= 1;
      if (entry.users === 0 && shown.get(topic) === entry) shown.delete(topic);
    };
  }, [topic]);
  return entry.sample;
}

function enter(topic, seed) {
  let entry = shown.get(topic);
  if (!entry) {
    const { value = null, quality = null, timestamp = null } = seed ?? {};
    entry = { sample: signal({ value, quality, timestamp, payload: undefined, changes: 0 }), users: 0 };
    shown.set(topic, entry);
  }
  return entry;
}

/** Hear every event as it arrives (not once per frame): `listen(event)`. Answers a function that ends it. */
export function onEvent(listen) {
  listeners.add(listen);
  return () => listeners.delete(listen);
}

/** Take a batch of stream events. The page is touched once per animation frame, with the last one of each topic. */
export function receive(events) {
  for (const event of events) {
    pending.set(event.topic, event);
    for (const listen of listeners) listen(event);
  }
  if (!frame) frame = requestAnimationFrame(flush);
}

function flush() {
  frame = 0;
  batch(() => {
    for (const event of pending.values()) {
      const entry = shown.get(event.topic);
      if (entry) entry.sample.value = successor(entry.sample.peek(), event);
    }
  });
  pending.clear();
}

/** The next state of a cell. `changes` counts what is worth a flash: a new value or quality after a known one. */
export function successor(sample, event) {
  const { value, quality, timestamp, payload } = event;
  const known = sample.timestamp !== null;
  const changed = !Object.is(sample.value, value) || sample.quality !== quality || sample.payload !== payload;
  const comparable = typeof value !== "object" || value === null; // a document is another object each time
  const flashes = known && changed && comparable ? 1 : 0;
  return { value, quality, timestamp, payload, changes: sample.changes + flashes };
}
