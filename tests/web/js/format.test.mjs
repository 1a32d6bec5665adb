// How values, units and times read.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../../../uns/web/static/js/format.js";

const NARROW = "\u202f";

test("values keep their type visible", () => {
  const cases = [
    [null, "–"],
    [undefined, "–"],
    [true, "true"],
    [0, "0"],
    [-7, "-7"],
    [1234, "1234"],
    [1234567, `1${NARROW}234${NARROW}567`],
    [9007199254740993n, `9${NARROW}007${NARROW}199${NARROW}254${NARROW}740${NARROW}993`],
    [21.437, "21.44"],
    [21.4, "21.4"],
    [2.2999999999999998, "2.3"],
    [0.01234, "0.0123"],
    [123456.789, `123${NARROW}456.8`],
    [99.999, "100.0"],
    [1.5e-9, "1.5e-9"],
    [3.25e15, "3250000000000000"],
    ["execute", "execute"],
    ["0012", '"0012"'],
    ["true", '"true"'],
    ["", '""'],
    [[1, "a"], '[1,"a"]'],
    [{ a: { b: 9007199254740993n } }, '{"a":{"b":9007199254740993}}'],
  ];
  for (const [value, text] of cases) assert.equal(format.formatValue(value), text);
});

test("the exact form keeps every digit but the noise of binary fractions", () => {
  assert.equal(format.formatValue(21.437289, true), "21.437289");
  assert.equal(format.formatValue(0.1 + 0.2, true), "0.3");
});

test("UCUM codes read as people write units", () => {
  const cases = { Cel: "°C", "m3/h": "m³/h", "kW.h": "kWh", "{bottle}": "bottle", "1/min": "1/min", 1: "", "%": "%", "N.m": "N·m", "kg.m2": "kg·m²" };
  for (const [code, text] of Object.entries(cases)) assert.equal(format.formatUnit(code), text);
  assert.equal(format.formatUnit(null), "");
  assert.equal(format.formatUnit("constructor"), "constructor", "a hostile unit meets no prototype");
});

test("ages use the largest units", () => {
  const cases = [
    [-50, "now"],
    [999, "now"],
    [1000, "1 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_600_000, "1 h"],
    [7_500_000, "2 h 5 min"],
    [86_400_000 * 3, "3 d"],
    [null, "–"],
    [NaN, "–"],
  ];
  for (const [ms, text] of cases) assert.equal(format.formatAge(ms), text);
});

test("lengths keep the seconds of minutes", () => {
  const cases = [[0, "under 1 s"], [40_000, "40 s"], [60_000, "1 min"], [90_000, "1 min 30 s"], [3_660_000, "1 h 1 min"]];
  for (const [ms, text] of cases) assert.equal(format.formatLength(ms), text);
});

test("a moment is told as seen from now", () => {
  assert.equal(format.formatRelative(10_000, 10_400), "just now");
  assert.equal(format.formatRelative(10_000, 22_000), "12 s ago");
  assert.equal(format.formatRelative(14_000, 10_000), "in 4 s");
});

test("times that are none are null, not 1970", () => {
  assert.equal(format.parseTime("2026-11-22T12:00:00.123Z"), 1795348800123);
  for (const text of [null, "", "yesterday"]) assert.equal(format.parseTime(text), null);
});

test("an unknown quality is doubtful, a missing one is not", () => {
  assert.equal(format.describeQuality("Uncertain").tone, "warn");
  assert.deepEqual(format.describeQuality("Odd"), { label: "Odd", tone: "warn" });
  assert.equal(format.describeQuality(null).tone, "normal");
});

test("search words are marked literally", () => {
  assert.deepEqual(format.markWords("a.b/Temp", ["temp", "."]), [
    { text: "a", hit: false },
    { text: ".", hit: true },
    { text: "b/", hit: false },
    { text: "Temp", hit: true },
  ]);
  assert.deepEqual(format.markWords("abc", ["", "("]), [{ text: "abc", hit: false }]);
});

test("rates, counts and sizes stay short", () => {
  assert.deepEqual([0, 0.44, 58.2, 1234, 56_789].map(format.formatRate), ["0", "0.4", "58", "1.2 k", "57 k"]);
  assert.equal(format.formatCount(2_345_678), "2.3 M");
  assert.deepEqual([1, 76, 2150].map(format.formatBytes), ["1 byte", "76 bytes", "2.1 KiB"]);
});
