// How is a series painted? uPlot configured for one calm line, with gaps, limits and quality visible.

import uPlot from "../vendor/uplot.js";
import { formatClock, formatValue } from "./format.js";
import { abnormalStretches } from "./series.js";

const HEIGHTS = { number: 240, state: 170, boolean: 120 };
const DAY_S = 86400;
const QUALITY_STRIP_PX = 5;

function palette(element) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    line: read("--plot-line"),
    band: read("--plot-band"),
    grid: read("--plot-grid"),
    text: read("--text-dim"),
    warn: read("--warn"),
    bad: read("--bad"),
    limit: read("--plot-limit"),
    font: `11px ${style.fontFamily}`,
  };
}

/**
 * A plot in `element`. `read()` answers {data, quality} (see series.columns), `view()` {fromS, toS};
 * `onCursor(index | null)` hears which point is under the pointer.
 */
export function makePlot(element, { series, limits, read, view, onCursor }) {
  const colors = palette(element);
  const stepped = series.kind !== "number";
  const paths = stepped ? uPlot.paths.stepped({ align: 1 }) : undefined;
  const points = { show: (plot, index) => index === 1 && !stepped && series.x.length < 12, size: 4 };
  const line = (stroke, width) => ({ stroke, width, paths, points, spanGaps: false });
  const edge = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: false };
  const options = {
    width: element.clientWidth,
    height: HEIGHTS[series.kind],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, fill: colors.line } },
    scales: {
      x: { time: true, range: () => [view().fromS, view().toS] },
      y: { range: stepped ? () => [-0.4, series.states.length - 0.6] : numberRange },
    },
    axes: [timeAxis(colors), stepped ? stateAxis(colors, series) : numberAxis(colors)],
    series: [{}, line(colors.line, 1.75), line(colors.warn, 2), ...(series.low ? [edge, edge] : [])],
    bands: series.low ? [{ series: [4, 3], fill: colors.band }] : [],
    hooks: {
      draw: [(plot) => drawQuality(plot, read().quality, colors), (plot) => drawLimits(plot, limits, colors)],
      setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
    },
  };
  return new uPlot(options, read().data, element);
}

/** Some air above and below; a flat line stands in the middle. */
function numberRange(plot, min, max) {
  if (min === null || max === null) return [0, 1];
  const span = max - min || Math.abs(max) * 0.1 || 1;
  return [min - span * 0.12, max + span * 0.12];
}

const axis = (colors) => ({
  stroke: colors.text,
  font: colors.font,
  grid: { stroke: colors.grid, width: 1 },
  ticks: { show: false },
});

const timeAxis = (colors) => ({
  ...axis(colors),
  space: 60,
  size: 28,
  values: (plot, splits, _, __, step) => splits.map((at) => formatClock(at * 1000, step < 60 && step < DAY_S)),
});

const widest = (labels) => labels.reduce((width, label) => Math.max(width, (label?.length ?? 0) * 6.4 + 18), 40);

const numberAxis = (colors) => ({
  ...axis(colors),
  space: 36,
  size: (plot, labels) => widest(labels ?? []),
  values: (plot, splits) => splits.map((value) => formatValue(value)),
});

const shorten = (text) => (text.length > 16 ? `${text.slice(0, 15)}…` : text);

const stateAxis = (colors, series) => ({
  ...axis(colors),
  size: (plot, labels) => widest(labels ?? []),
  splits: () => series.states.map((_, index) => index),
  values: (plot, splits) => splits.map((index) => shorten(series.states[index] ?? "")),
});

/** A strip along the time axis wherever the quality was not Good; without a value, the whole height is tinted. */
function drawQuality(plot, quality, colors) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const stretch of abnormalStretches(plot.data[0], quality)) {
    const left = plot.valToPos(stretch.from, "x", true);
    const width = Math.max(2 * ratio, plot.valToPos(stretch.to, "x", true) - left);
    const uncertain = stretch.quality === "Uncertain";
    ctx.fillStyle = uncertain ? colors.warn : colors.bad;
    ctx.fillRect(left, bbox.top + bbox.height - QUALITY_STRIP_PX * ratio, width, QUALITY_STRIP_PX * ratio);
    ctx.globalAlpha = 0.1;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 1;
  }
  ctx.restore();
}

/** Dashed lines at the contract's min and max, when they lie within the picture. */
function drawLimits(plot, limits, colors) {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.y;
  ctx.save();
  ctx.strokeStyle = colors.limit;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const limit of limits) {
    if (limit === null || limit === undefined || limit <= min || limit >= max) continue;
    const y = plot.valToPos(Number(limit), "y", true);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
