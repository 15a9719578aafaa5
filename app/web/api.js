// The service: relative addresses, so that it may live below any path; one kind of error, with a sentence to show.

import { authorized } from "./keys.js";

export class Refusal extends Error {
  constructor(detail, { status = 0, errors = [], retryAfter } = {}) {
    super(detail);
    this.status = status;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
}

const BUSY = [429, 503];
/** No connection, or a proxy without the service. */
const AWAY = [0, 502, 504];

/** Whether what went wrong passes, so that the same may be asked again. */
export const passes = (error) => error instanceof Refusal && [...BUSY, ...AWAY].includes(error.status);
export const isBusy = (error) => BUSY.includes(error.status);

/** In how many seconds a service that has no room wants to be asked again; undefined if it does not say. */
function retryAfter(response) {
  const header = response.headers.get("Retry-After");
  const seconds = header === null ? Number.NaN : Number(header);
  const found = Number.isNaN(seconds) ? (Date.parse(header) - Date.now()) / 1000 : seconds;
  return Number.isNaN(found) ? undefined : Math.max(0, found);
}

export const address = (path) => new URL(path, document.baseURI).href;

/** `GET` a path, or `POST` a body to it, and return the answer. */
export async function ask(path, { body, signal } = {}) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response, answer;
  try {
    response = await authorized(address(path), { ...options, signal });
    answer = await response.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(
      response
        ? `The service answered with something that cannot be read (status ${response.status}).`
        : "The service cannot be reached. Is it running, and are you online?",
      response && { status: response.status, retryAfter: retryAfter(response) },
    );
  }
  signal?.throwIfAborted();
  if (!response.ok) {
    throw new Refusal(answer.detail ?? `The service answered with status ${response.status}.`, {
      status: response.status,
      errors: answer.errors,
      retryAfter: retryAfter(response),
    });
  }
  return answer;
}

const kept = new Map();

/** `GET` a list that seldom changes while the service runs; asked for once, and again if that failed. */
export function list(path) {
  if (!kept.has(path)) {
    kept.set(
      path,
      ask(path).catch((error) => {
        kept.delete(path);
        throw error;
      }),
    );
  }
  return kept.get(path);
}

/** `GET` a list as it is now; that which was kept stays where it cannot be had. */
export async function renewed(path) {
  try {
    const answer = await ask(path);
    kept.set(path, Promise.resolve(answer));
    return answer;
  } catch {
    return list(path);
  }
}
