import { list, renewed } from "./api.js";
import { choices } from "./dom.js";

const MODELS = "models";
const filled = new Set();

/** Fill a `<select>` with the models, the default one first; return all that is known of the chosen one. */
export async function chosenModel(select) {
  const { models } = await list(MODELS);
  if (!filled.has(select)) {
    filled.add(select);
    fill(select, models);
    select.addEventListener("focus", refresh);
  }
  return models.find(({ name }) => name === select.value);
}

function fill(select, models) {
  const names = [...models].sort((a, b) => b.default - a.default).map(({ name }) => name);
  const shown = [...select.options].map(({ value }) => value);
  if (names.join() !== shown.join()) {
    choices(
      select,
      names.map((value) => ({ value })),
    );
  }
}

/** Ask which models there are now, as they come and go while the service runs; what has changed is asked again. */
async function refresh() {
  if (!filled.size) return;
  const { models: before } = await list(MODELS);
  const { models: now } = await renewed(MODELS);
  for (const select of filled) {
    const chosen = (models) => JSON.stringify(models.find(({ name }) => name === select.value));
    const was = chosen(before);
    fill(select, now);
    if (chosen(now) !== was) select.dispatchEvent(new Event("change"));
  }
}

document.addEventListener("visibilitychange", () => document.hidden || refresh());
