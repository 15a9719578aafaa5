// Many rows: in blocks, several of which are under way, and in order.

import { ask, isBusy, passes } from "./api.js";

const ROWS = 256;
const CHARACTERS = 2 ** 20;
const TRIES = 5;
const LONGEST_WAIT = 30;

/** Group rows into blocks, which are smaller where texts are long. What goes wrong is told behind the last rows. */
export async function* blocks(rows) {
  let block = [];
  let characters = 0;
  try {
    for await (const row of rows) {
      block.push(row);
      characters += row.text?.length ?? 0;
      if (block.length < ROWS && characters < CHARACTERS) continue;
      yield block;
      block = [];
      characters = 0;
    }
  } catch (error) {
    if (block.length) yield block;
    throw error;
  }
  if (block.length) yield block;
}

/** Do some work on each item, on so many at a time, and give the items with what comes of them, in order. */
export async function* inOrder(items, work, many) {
  const underway = [];
  const begin = (item) => {
    const job = work(item);
    job.catch(() => {}); // It is told when it is its turn.
    underway.push([item, job]);
  };
  const next = async () => {
    const [item, job] = underway.shift();
    return [item, await job];
  };
  for await (const { item, failure } of failingLast(items)) {
    if (!failure) begin(item);
    while (underway.length >= (failure ? 1 : many)) yield await next();
    if (failure) throw failure;
  }
  while (underway.length) yield await next();
}

/** Give items and, if there are no more because something went wrong, that. */
async function* failingLast(items) {
  try {
    for await (const item of items) yield { item };
  } catch (failure) {
    yield { failure };
  }
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}

/** Ask as `ask` does, and again where the service has no room, when it says; `waits` takes the seconds until then. */
async function askUntilAnswered(path, { body, signal, waits }) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(path, { body, signal });
    } catch (error) {
      const isPassing = isBusy(error) || (passes(error) && tries < TRIES);
      if (signal.aborted || !isPassing) throw error;
      const seconds = error.retryAfter ?? Math.min(2 ** (tries - 1), LONGEST_WAIT);
      waits(seconds, error);
      await pause(Math.max(0.1, seconds), signal);
    }
  }
}

const isTooMuch = ({ status, errors = [] }) => status === 413 || errors.some(({ pointer }) => pointer === "#/texts");

/** Classify texts; where they are too many for one request, in two. */
async function results(texts, question) {
  const { choice, ...options } = question;
  try {
    const body = { texts, ...choice, on_error: "continue" };
    return (await askUntilAnswered("sentiment/batch", { body, ...options })).results;
  } catch (error) {
    if (!isTooMuch(error)) throw error;
    if (texts.length === 1) return [{ error: error.message }];
    const half = texts.length >> 1;
    return [...(await results(texts.slice(0, half), question)), ...(await results(texts.slice(half), question))];
  }
}

/** Classify the rows of a block; a row with an error has that for its answer. */
export async function answers(rows, question) {
  const texts = rows.filter(({ error }) => !error).map(({ text }) => text);
  const found = (texts.length ? await results(texts, question) : []).values();
  return rows.map(({ error }) => (error ? { error } : found.next().value));
}
