import { passes } from "./api.js";

const LONGEST = 10;

/**
 * Make a function that does some work a moment after it was last called, and gives up what it had begun before: of
 * fast typing only the last text is answered, and an older answer never overwrites a newer one. Where the service does
 * not answer for now, the work is done again until it does.
 *
 * `work` takes an AbortSignal and hands it to every request; `failed` takes the error, or null when all went well.
 */
export function latest(work, failed, delay = 150) {
  let timer;
  let controller;

  function begin(milliseconds, tries) {
    clearTimeout(timer);
    controller?.abort();
    controller = new AbortController();
    const { signal } = controller;
    const run = async () => {
      try {
        await work(signal);
        if (!signal.aborted) failed(null);
      } catch (error) {
        if (signal.aborted) return;
        failed(error);
        if (passes(error)) again(error.retryAfter ?? Math.min(2 ** tries, LONGEST), tries + 1);
      }
    };
    timer = setTimeout(run, milliseconds);
  }

  function again(seconds, tries) {
    const { signal } = controller;
    addEventListener("online", () => begin(0, tries), { once: true, signal });
    timer = setTimeout(() => begin(0, tries), 1000 * Math.max(0.2, seconds));
  }

  return () => begin(delay, 0);
}
