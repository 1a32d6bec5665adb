// Addresses of screens and topics, queries to the server, and what comes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { escapePath, parseJson, query } from "../../../uns/web/static/js/api.js";
import { successor } from "../../../uns/web/static/js/live.js";
import { parseRoute, topicHref } from "../../../uns/web/static/js/route.js";

test("any topic survives the address", () => {
  for (const topic of ["acme/ghent/temperature", "a//b", "/lead", "50%/#1?", "<img src=x>", "ünï/日本"]) {
    assert.deepEqual(parseRoute(topicHref(topic)), { view: "topic", topic });
  }
});

test("other addresses name a screen, and nonsense the start", () => {
  assert.equal(parseRoute("#/violations").view, "violations");
  assert.equal(parseRoute("#/sources").view, "sources");
  for (const hash of ["", "#/", "#/topic/", "#/nowhere", "#/topic/%zz"]) assert.equal(parseRoute(hash).view, "home");
});

test("queries escape wildcards and leave out what is empty", () => {
  assert.equal(query({ filter: ["a/+", "b/#"], before: null, topic: "" }), "?filter=a%2F%2B&filter=b%2F%23");
  assert.equal(query({}), "");
  assert.equal(escapePath("a b/#/c"), "a%20b/%23/c");
});

test("JSON is read whole", () => {
  assert.deepEqual(parseJson('{"a":[1,2.5,"12345678901234567"]}'), { a: [1, 2.5, "12345678901234567"] });
});

test("a cell flashes for a new value after a known one, and for nothing else", () => {
  const empty = { value: null, quality: null, timestamp: null, payload: undefined, changes: 0 };
  const first = successor(empty, { value: 1, quality: "Good", timestamp: "t1" });
  assert.equal(first.changes, 0, "the first value is no change");
  const same = successor(first, { value: 1, quality: "Good", timestamp: "t2" });
  assert.deepEqual([same.changes, same.timestamp], [0, "t2"]);
  assert.equal(successor(same, { value: 2, quality: "Good", timestamp: "t3" }).changes, 1);
  assert.equal(successor(same, { value: null, quality: "Bad", timestamp: "t3" }).changes, 1, "losing the value is a change");
});
