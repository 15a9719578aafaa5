// The service: relative addresses, so that it may live below any path; one kind of error, with a sentence to show.

import { authorized } from "./keys.js";

export class Refusal extends Error {
  constructor(detail, status = 0, errors = []) {
    super(detail);
    this.status = status;
    this.errors = errors;
  }
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
      response?.status,
    );
  }
  signal?.throwIfAborted();
  if (!response.ok) {
    throw new Refusal(
      answer.detail ?? `The service answered with status ${response.status}.`,
      response.status,
      answer.errors,
    );
  }
  return answer;
}

const kept = new Map();

/** `GET` a list that does not change while the service runs; asked for once, and again if that failed. */
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
