// Which screen and topic does the address name? `#/`, `#/topic/a/b`, `#/violations`, `#/sources`.

import { signal } from "../vendor/signals.js";

/** Address of a topic; each level is escaped, so `#`, `?` and `%` in a name survive. */
export const topicHref = (topic) => `#/topic/${topic.split("/").map(encodeURIComponent).join("/")}`;

/** {view, topic} of an address; anything unknown is the start screen. */
export function parseRoute(hash) {
  const path = hash.replace(/^#\/?/, "");
  if (path === "violations" || path === "sources") return { view: path, topic: null };
  if (!path.startsWith("topic/") || path === "topic/") return { view: "home", topic: null };
  try {
    return { view: "topic", topic: path.slice(6).split("/").map(decodeURIComponent).join("/") };
  } catch {
    return { view: "home", topic: null }; // a mangled escape sequence names no topic
  }
}

export const route = signal({ view: "home", topic: null });

export function go(href) {
  location.hash = href;
}

/** Keep `route` in step with the address bar. */
export function followAddress() {
  const read = () => {
    route.value = parseRoute(location.hash);
  };
  addEventListener("hashchange", read);
  read();
}
