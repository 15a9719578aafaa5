/**
 * Make a function that does some work a moment after it was last called, and gives up what it had begun before: of
 * fast typing only the last text is answered, and an older answer never overwrites a newer one.
 *
 * `work` takes an AbortSignal and hands it to every request; `failed` takes the error, or null when all went well.
 */
export function latest(work, failed, delay = 150) {
  let timer;
  let controller;
  return () => {
    clearTimeout(timer);
    controller?.abort();
    controller = new AbortController();
    const { signal } = controller;
    timer = setTimeout(async () => {
      try {
        await work(signal);
        if (!signal.aborted) failed(null);
      } catch (error) {
        if (!signal.aborted) failed(error);
      }
    }, delay);
  };
}
