// How do history points become a plot? Pure: points in, columns, gaps and statistics out.

const MAX_STATES = 12;
const MAX_POINTS = 20_000;

/** Windows of the chart. `bucket` is how long one average is where raw points do not fit, or (24 hours) are not asked for. */
export const WINDOWS = [
  { id: "10m", label: "10 min", seconds: 600, raw: true, bucket: "2s", bucketMs: 2000 },
  { id: "1h", label: "1 hour", seconds: 3600, raw: true, bucket: "10s", bucketMs: 10_000 },
  { id: "24h", label: "24 hours", seconds: 86400, raw: false, bucket: "5m", bucketMs: 300_000 },
];

/** How values of a type are drawn: number (line), boolean or state (steps), or none. `sample` decides without a type. */
export function chartKind(type, sample) {
  const shown = type ?? (typeof sample === "bigint" ? "number" : typeof sample);
  if (shown === "number" || shown === "integer") return "number";
  if (shown === "boolean") return "boolean";
  return shown === "string" ? "state" : null;
}

const isKnown = (point) => point.value !== null && (point.quality === "Good" || point.quality === "Uncertain");

/**
 * Columns of a plot: {kind, x: [s], y: [number | null], quality: [text], low, high, states}.
 * A point without a trusted value is null, which is a gap. `low` and `high` (same buckets) may be missing.
 */
export function toSeries(kind, points, { states = [], low = null, high = null } = {}) {
  const series = { kind, x: [], y: [], quality: [], low: null, high: null, states: kind === "boolean" ? ["false", "true"] : [...states] };
  if (low && high) Object.assign(series, { low: [], high: [] });
  const lows = valuesByTime(low);
  const highs = valuesByTime(high);
  for (const point of points) {
    append(series, point);
    if (!series.low) continue;
    series.low[series.x.length - 1] = lows.get(point.timestamp) ?? null;
    series.high[series.x.length - 1] = highs.get(point.timestamp) ?? null;
  }
  return series;
}

const valuesByTime = (points) => new Map((points ?? []).map((point) => [point.timestamp, point.value]));

/** Add one point, live or historic; one that is not newer than the last is left out. Answers whether it was added. */
export function append(series, point) {
  const x = Date.parse(point.timestamp) / 1000;
  if (Number.isNaN(x) || x <= (series.x.at(-1) ?? -Infinity)) return false;
  const y = isKnown(point) ? toNumber(series, point.value) : null;
  series.x.push(x);
  series.y.push(y);
  series.quality.push(point.quality);
  series.low?.push(y);
  series.high?.push(y);
  return true;
}

function toNumber(series, value) {
  if (series.kind === "number") return Number.isFinite(Number(value)) ? Number(value) : null;
  const state = String(value);
  let index = series.states.indexOf(state);
  if (index < 0 && series.states.length < MAX_STATES) index = series.states.push(state) - 1;
  return index < 0 ? null : index;
}

/** Drop what lies before the window, but keep the last point before it: it still holds when the window begins. */
export function prune(series, fromS) {
  let drop = Math.max(0, series.x.length - MAX_POINTS);
  while (drop + 1 < series.x.length && series.x[drop + 1] < fromS) drop += 1;
  if (!drop) return;
  for (const column of [series.x, series.y, series.quality, series.low, series.high]) column?.splice(0, drop);
}

/** Columns for the plot up to `untilS`: the last value holds until now, and doubtful stretches get a column of their own. */
export function columns(series, untilS) {
  const x = [...series.x];
  const y = [...series.y];
  const quality = [...series.quality];
  if (x.length && untilS > x.at(-1)) {
    x.push(untilS);
    y.push(y.at(-1));
    quality.push(quality.at(-1));
  }
  const doubtful = y.map((value, index) => (isDoubtful(quality, index) ? value : null));
  const held = (column) => (column && x.length > column.length ? [...column, column.at(-1)] : column);
  const band = series.low ? [held(series.low), held(series.high)] : [];
  return { data: [x, y, doubtful, ...band], quality };
}

const isDoubtful = (quality, index) => quality[index] === "Uncertain" || quality[index - 1] === "Uncertain";

/** Stretches of time with the same quality other than Good: [{from, to, quality}], seconds. */
export function abnormalStretches(x, quality) {
  const stretches = [];
  for (let index = 0; index < x.length; index++) {
    if (quality[index] === "Good" || quality[index] === null) continue;
    const to = x[index + 1] ?? x[index];
    const last = stretches.at(-1);
    if (last && last.to === x[index] && last.quality === quality[index]) last.to = to;
    else stretches.push({ from: x[index], to, quality: quality[index] });
  }
  return stretches;
}

/** Newest first, each stay in a state: [{fromS, toS | null, label, quality, isOldest}], at most `limit`. */
export function transitions(series, limit) {
  const stays = [];
  for (let index = series.x.length - 1; index >= 0 && stays.length <= limit; index--) {
    const y = series.y[index];
    const quality = series.quality[index];
    const next = stays.at(-1);
    if (next && next.y === y && next.quality === quality) next.fromS = series.x[index];
    else stays.push({ y, quality, fromS: series.x[index], toS: next ? next.fromS : null });
  }
  return stays.slice(0, limit).map(({ y, ...stay }) => ({
    ...stay,
    label: y === null ? null : series.states[y],
    isOldest: stay.fromS === series.x[0],
  }));
}

/** {min, max, last, count} of the known numbers, or null when there are none. */
export function statistics(series) {
  let [min, max, count] = [Infinity, -Infinity, 0];
  for (let index = 0; index < series.y.length; index++) {
    if (series.y[index] === null) continue;
    min = Math.min(min, series.low?.[index] ?? series.y[index]);
    max = Math.max(max, series.high?.[index] ?? series.y[index]);
    count += 1;
  }
  return count ? { min, max, count } : null;
}
