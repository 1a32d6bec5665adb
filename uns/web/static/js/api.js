// How does the page ask the server? Reads of /api/v1 that fail with the server's own finding.

export const BASE = "api/v1";
const TIMEOUT_MS = 10_000;

/** A refusal or a dead line: `finding` is {id, what, where, hint, nearest}, `status` 0 when no answer came. */
export class ApiError extends Error {
  constructor(status, finding) {
    super(finding.what);
    this.status = status;
    this.finding = finding;
  }
}

const isAborted = (error) => error.name === "AbortError";
export { isAborted };

/** Topic or folder path as part of a URL: levels escaped, slashes kept. */
export const escapePath = (path) => path.split("/").map(encodeURIComponent).join("/");

/** Query text of {name: value | [values]}; null and empty values are left out. */
export function query(params) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") pairs.append(name, one);
  }
  const text = pairs.toString();
  return text ? `?${text}` : "";
}

/** Parse JSON and keep integers beyond 2^53 exact as BigInt, where the browser shows the source text. */
export function parseJson(text) {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) => {
    const lossy = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
    return lossy && /^-?\d+$/.test(context?.source ?? "") ? BigInt(context.source) : value;
  });
}

/** GET one resource. Throws ApiError, or AbortError when `signal` ends it. */
export async function get(resource, params = {}, signal = undefined) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response;
  let text;
  try {
    response = await fetch(`${BASE}/${resource}${query(params)}`, {
      headers: { Accept: "application/json" },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (error) {
    if (isAborted(error)) throw error;
    throw new ApiError(0, unreachable);
  }
  if (response.ok) return parseJson(text);
  throw new ApiError(response.status, findingOf(text, response.status));
}

const unreachable = {
  id: "unreachable.server",
  what: "The server does not answer.",
  hint: "The page keeps trying. Is `uns serve` still running?",
};

function findingOf(text, status) {
  try {
    return JSON.parse(text).error ?? { id: `http.${status}`, what: `The server answered ${status}.` };
  } catch {
    return { id: `http.${status}`, what: `The server answered ${status} without a reason.` };
  }
}
