// What did this topic do lately? History in three windows, extended by the live stream.

import { useEffect, useRef, useState } from "../vendor/preact-hooks.js";
import { escapePath, get, isAborted } from "./api.js";
import { describeQuality, formatClock, formatLength, formatTime, formatUnit, formatValue } from "./format.js";
import { now, onEvent, serverNow } from "./live.js";
import { makePlot } from "./plot.js";
import { append, chartKind, columns, prune, statistics, toSeries, transitions, WINDOWS } from "./series.js";
import { connection, lastContact } from "./stream.js";
import { FindingText, html, Notice } from "./ui.js";

const RAW_LIMIT = 10_000;
const ROWS = 8;
const REFRESH_MS = 5000;
const MINUTE_MS = 60_000;

/** History of one topic. `attribute` is its contract or null, `sample` a present value (decides the kind without one). */
export function History({ topic, attribute, sample }) {
  const [span, setSpan] = useState(WINDOWS[0]);
  const kind = chartKind(attribute?.type, sample);
  const { series, truncated, error } = useHistory(topic, span, kind, attribute);
  return html`<section class="card history" aria-label="History">
    <header class="card-head">
      <h2>History</h2>
      <div class="segments" role="group" aria-label="Time window">
        ${WINDOWS.map(
          (one) =>
            html`<button type="button" aria-pressed=${one === span} onClick=${() => setSpan(one)}>${one.label}</button>`,
        )}
      </div>
    </header>
    <${Body} ...${{ kind, series, error, span, attribute, topic }} />
    ${truncated ? html`<p class="quiet">The window holds more points than are shown. Choose a shorter one.</p>` : null}
  </section>`;
}

function Body({ kind, series, error, span, attribute, topic }) {
  if (error) return html`<${Notice} title="No history" tone="bad"><${FindingText} finding=${error} /></${Notice}>`;
  if (kind === null) return html`<p class="quiet">Documents are stored, but have no curve. The payload below is the newest.</p>`;
  if (!series) return html`<div class="plot is-loading">Loading history …</div>`;
  if (!series.x.length) {
    return html`<p class="quiet">No value within the last ${span.label}. New values appear here as they come.</p>`;
  }
  return html`<${Plot} key=${`${topic} ${span.id}`} ...${{ series, span, attribute }} />
    ${kind === "number" ? null : html`<${Stays} series=${series} />`}`;
}

/** Fetch a window and keep it current: raw points grow with the stream, averages are asked for again. */
function useHistory(topic, span, kind, attribute) {
  const [state, setState] = useState({ series: null, truncated: false, error: null });
  const down = connection.value.phase === "lost";
  useEffect(() => {
    if (kind === null || down) return undefined;
    const abort = new AbortController();
    const early = []; // events that arrive while the history is on its way
    let series = null;
    let timer = 0;
    const ask = async () => {
      try {
        const loaded = await fetchWindow(topic, span, kind, attribute, abort.signal);
        series = loaded.series;
        if (!series.low) for (const event of early) append(series, event);
        else timer = setTimeout(ask, Math.max(REFRESH_MS, Math.min(span.bucketMs, MINUTE_MS)));
        early.length = 0;
        setState({ ...loaded, error: null });
      } catch (error) {
        if (isAborted(error)) return;
        if (!error.finding) throw error;
        setState({ series: null, truncated: false, error: error.finding });
      }
    };
    setState({ series: null, truncated: false, error: null });
    ask();
    const stop = onEvent((event) => {
      if (event.topic !== topic) return;
      if (series === null) early.push(event);
      else if (!series.low && append(series, event)) prune(series, serverNow() / 1000 - span.seconds);
    });
    return () => {
      abort.abort();
      clearTimeout(timer);
      stop();
    };
  }, [topic, span, kind, down]);
  return state;
}

/** Raw points, or for numbers that are too many of them averages between their lowest and highest. */
async function fetchWindow(topic, span, kind, attribute, signal) {
  const resource = `history/${escapePath(topic)}`;
  const ask = (agg) => get(resource, { last: span.id, limit: RAW_LIMIT, agg }, signal);
  if (span.raw || kind !== "number") {
    const { points, truncated } = await ask(null);
    const series = toSeries(kind, points, { states: attribute?.enum ?? [] });
    if (!truncated || kind !== "number") return { series, truncated };
  }
  const [mean, low, high] = await Promise.all(["avg", "min", "max"].map((agg) => ask(`${agg}:${span.bucket}`)));
  return { series: toSeries(kind, mean.points, { low: low.points, high: high.points }), truncated: mean.truncated };
}

function Plot({ series, span, attribute }) {
  const element = useRef(null);
  const plot = useRef(null);
  const [cursor, setCursor] = useState(null);
  const columnsNow = useRef(null);
  const tick = now.value; // moves the window along once a second

  const read = () => (columnsNow.current ??= columns(series, lastContact.value / 1000));
  useEffect(() => {
    const box = element.current;
    const view = () => ({ fromS: serverNow() / 1000 - span.seconds, toS: serverNow() / 1000 });
    const limits = [attribute?.min, attribute?.max];
    const build = () => {
      plot.current?.destroy();
      plot.current = makePlot(box, { series, limits, read, view, onCursor: setCursor });
    };
    build();
    const resize = new ResizeObserver(() => {
      plot.current?.setSize({ width: box.clientWidth, height: plot.current.height });
    });
    resize.observe(box);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", build);
    document.fonts?.ready.then(() => plot.current?.redraw(false, true));
    return () => {
      resize.disconnect();
      scheme.removeEventListener("change", build);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [series, span]);
  useEffect(() => {
    columnsNow.current = null;
    plot.current?.setData(read().data);
  }, [tick, series]);

  return html`<div class="plot" ref=${element} role="img" aria-label=${summary(series, span, attribute)}></div>
    <p class="readout">${cursor === null ? summary(series, span, attribute) : pointText(series, cursor, attribute)}</p>`;
}

const label = (series, y) => (series.kind === "number" ? formatValue(y, true) : (series.states[y] ?? "other"));

/** Which value the pointer is on; past the last point it holds. */
function pointText(series, index, attribute) {
  const at = Math.min(index, series.x.length - 1);
  const quality = describeQuality(series.quality[at]).label;
  if (series.y[at] === null) return `${formatTime(series.x[at] * 1000)} · no value · ${quality}`;
  const range = series.low ? ` (${formatValue(series.low[at])} … ${formatValue(series.high[at])})` : "";
  const unit = formatUnit(attribute?.unit);
  return `${formatTime(series.x[at] * 1000)} · ${label(series, series.y[at])}${range} ${unit} · ${quality}`;
}

function summary(series, span, attribute) {
  if (series.kind !== "number") return `${series.x.length} points within ${span.label}`;
  const numbers = statistics(series);
  if (numbers === null) return `No trusted value within ${span.label}`;
  const unit = formatUnit(attribute?.unit);
  return `${span.label}: lowest ${formatValue(numbers.min)} ${unit}, highest ${formatValue(numbers.max)} ${unit}, ${numbers.count} points`;
}

/** The oldest stay began before the window did, so its length is a lower bound. */
function lasted({ fromS, toS, isOldest }, untilS) {
  const text = formatLength(((toS ?? untilS) - fromS) * 1000);
  return `${isOldest ? "at least " : ""}${text}${toS === null ? ", still" : ""}`;
}

/** The last stays of a state or a switch, newest first: what a step line shows, in words. */
function Stays({ series }) {
  const untilS = lastContact.value / 1000;
  return html`<table class="stays">
    <thead><tr><th>Since</th><th>State</th><th>Lasted</th></tr></thead>
    <tbody>
      ${transitions(series, ROWS).map(
        (stay) => html`<tr key=${stay.fromS}>
          <td>${formatClock(stay.fromS * 1000)}</td>
          <td>${stay.label ?? describeQuality(stay.quality).label}</td>
          <td>${lasted(stay, untilS)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
