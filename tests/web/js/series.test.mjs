// From history points to plot columns.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as series from "../../../uns/web/static/js/series.js";

const at = (second) => new Date(second * 1000).toISOString();
const point = (second, value, quality = "Good") => ({ timestamp: at(second), value, quality });

test("the type decides the kind of plot, a value stands in for a missing type", () => {
  assert.equal(series.chartKind("integer", null), "number");
  assert.equal(series.chartKind(undefined, 1n), "number");
  assert.equal(series.chartKind("string", 1), "state");
  assert.equal(series.chartKind(undefined, { a: 1 }), null);
  assert.equal(series.chartKind(undefined, undefined), null);
});

test("a value without trust is a gap, an uncertain one is drawn and marked", () => {
  const points = [point(1, 10), point(2, null, "Bad"), point(3, 12, "Uncertain"), point(4, 13)];
  const { data, quality } = series.columns(series.toSeries("number", points), 4);
  assert.deepEqual(data, [[1, 2, 3, 4], [10, null, 12, 13], [null, null, 12, 13]]);
  assert.deepEqual(series.abnormalStretches(data[0], quality), [
    { from: 2, to: 3, quality: "Bad" },
    { from: 3, to: 4, quality: "Uncertain" },
  ]);
});

test("the last value holds until now, a gap stays a gap", () => {
  assert.deepEqual(series.columns(series.toSeries("number", [point(1, 5)]), 9).data.slice(0, 2), [[1, 9], [5, 5]]);
  assert.deepEqual(series.columns(series.toSeries("number", [point(1, null, "Bad")]), 9).data[1], [null, null]);
});

test("live points continue the history and repeat nothing", () => {
  const live = series.toSeries("number", [point(1, 1), point(2, 2)]);
  assert.equal(series.append(live, point(2, 2)), false);
  assert.equal(series.append(live, { timestamp: null, value: 1, quality: "Good" }), false);
  assert.equal(series.append(live, point(3, 3n)), true);
  assert.deepEqual(live.y, [1, 2, 3]);
});

test("pruning keeps the value that holds when the window begins", () => {
  const old = series.toSeries("number", [1, 2, 3, 4].map((second) => point(second, second)));
  series.prune(old, 2.5);
  assert.deepEqual(old.x, [2, 3, 4]);
  assert.equal(old.quality.length, 3);
});

test("averages carry their lowest and highest value", () => {
  const bands = series.toSeries("number", [point(1, 5), point(2, 6)], { low: [point(1, 4)], high: [point(1, 9)] });
  assert.deepEqual([bands.low, bands.high], [[4, null], [9, null]]);
  series.append(bands, point(3, 7));
  assert.deepEqual(series.statistics(bands), { min: 4, max: 9, count: 3 });
  assert.deepEqual(series.columns(bands, 8).data.map((column) => column.length), [4, 4, 4, 4, 4]);
});

test("states become levels in the order of the contract, unknown ones follow, and their number is bounded", () => {
  const states = series.toSeries("state", [point(1, "held"), point(2, "odd")], { states: ["stopped", "held"] });
  assert.deepEqual([states.y, states.states], [[1, 2], ["stopped", "held", "odd"]]);
  const many = series.toSeries("state", Array.from({ length: 30 }, (_, index) => point(index + 1, `id-${index}`)));
  assert.equal(many.states.length, 12);
  assert.equal(many.y.at(-1), null);
});

test("booleans step between two levels", () => {
  assert.deepEqual(series.toSeries("boolean", [point(1, false), point(2, true)]).y, [0, 1]);
});

test("stays in a state are told newest first", () => {
  const states = series.toSeries("state", [point(1, "a"), point(2, "a"), point(5, "b"), point(7, null, "Bad")]);
  assert.deepEqual(series.transitions(states, 8), [
    { fromS: 7, toS: null, label: null, quality: "Bad", isOldest: false },
    { fromS: 5, toS: 7, label: "b", quality: "Good", isOldest: false },
    { fromS: 1, toS: 5, label: "a", quality: "Good", isOldest: true },
  ]);
  assert.equal(series.transitions(states, 2).length, 2);
});

test("nothing known has no statistics", () => {
  assert.equal(series.statistics(series.toSeries("number", [point(1, null, "Bad")])), null);
});
