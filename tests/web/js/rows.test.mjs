// Which rows the tree shows, and what it streams for them.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as rows from "../../../uns/web/static/js/rows.js";

const folder = (children, more = {}) => ({ children, next: null, error: null, ...more });

function flat(folders, expanded) {
  return rows.flatten((path) => folders[path], new Set(expanded)).map((row) => `${"  ".repeat(row.depth - 1)}${row.kind} ${row.path}`);
}

test("expanded folders show their children in place", () => {
  const folders = { "": folder(["a", "b"]), a: folder(["a/x", "a/y"]), "a/x": folder(["a/x/1"]) };
  assert.deepEqual(flat(folders, ["a", "a/x"]), ["node a", "  node a/x", "    node a/x/1", "  node a/y", "node b"]);
  assert.deepEqual(flat(folders, ["a/x"]), ["node a", "node b"], "a closed parent hides an open child");
});

test("a folder on its way, empty, failed or longer than a page says so", () => {
  const folders = {
    "": folder(["a", "b", "c", "d", "e"]),
    b: folder([]),
    c: folder(null, { error: { what: "away" } }),
    d: folder(["d/1"], { next: "2" }),
    e: folder(["e/1"], { next: "2", error: { what: "away" } }),
  };
  assert.deepEqual(flat(folders, ["a", "b", "c", "d", "e"]), [
    "node a",
    "  loading a",
    "node b",
    "  empty b",
    "node c",
    "  error c",
    "node d",
    "  node d/1",
    "  more d",
    "node e",
    "  node e/1",
    "  error e",
  ]);
});

test("before the first answer the tree is loading", () => {
  assert.deepEqual(flat({}, []), ["loading "]);
});

test("rows know their place among their siblings", () => {
  const [first, second] = rows.flatten(() => folder(["a", "b"]), new Set());
  assert.deepEqual([first.position, first.size, second.position], [1, 2, 2]);
});

test("a hundred thousand topics, thousands of levels deep, flatten without recursion", () => {
  const wide = folder(Array.from({ length: 100_000 }, (_, index) => `t${index}`));
  assert.equal(rows.flatten(() => wide, new Set()).length, 100_000);
  const deep = (path) => folder([`${path}/x`]);
  const open = new Set(Array.from({ length: 5000 }, (_, index) => "/x".repeat(index + 1)));
  assert.equal(rows.flatten(deep, open).length, 5001);
});

test("only the viewport and a few spare rows are drawn", () => {
  assert.deepEqual(rows.visibleRange(0, 280, 28, 1000), [0, 18]);
  assert.deepEqual(rows.visibleRange(2800, 280, 28, 1000), [92, 118]);
  assert.deepEqual(rows.visibleRange(28_000, 280, 28, 10), [10, 10], "scrolled past a list that shrank");
});

test("ancestors and parents", () => {
  assert.deepEqual(rows.ancestorsOf("a/b/c"), ["a", "a/b"]);
  assert.deepEqual(rows.ancestorsOf("a"), []);
  assert.deepEqual(["a/b", "a", "/a"].map(rows.parentOf), ["a", "", ""]);
});

test("neighbours share one filter unless their folder is large", () => {
  const filters = (topics, count) => rows.filtersFor(topics, () => count);
  assert.deepEqual(filters(["a/x", "a/y", "b/z"], 10), ["a/+", "b/z"]);
  assert.deepEqual(filters(["a/x", "a/y"], 5000), ["a/x", "a/y"]);
  assert.deepEqual(filters(["x", "y"], 2), ["x", "y"], "never the whole first level");
  assert.deepEqual(filters([], 0), []);
});
