import { list, renewed } from "./api.js";
import { choices } from "./dom.js";
import { draft, pick } from "./draft.js";

const MODELS = "models";
const filled = new Set();

const byDefault = (models) => [...models].sort((a, b) => b.default - a.default);

/** Fill a `<select>` with the models, the default one first; return all that is known of the one that is chosen. */
export async function chosenModel(select) {
  const { models } = await list(MODELS);
  if (!filled.has(select)) {
    filled.add(select);
    pick(select);
    select.addEventListener("focus", refresh);
  }
  fill(select, models);
  return models.find(({ name }) => name === select.value);
}

/** The other models. */
export async function otherModels({ name }) {
  const { models } = await list(MODELS);
  return byDefault(models).filter((one) => one.name !== name);
}

function fill(select, models) {
  const names = byDefault(models).map(({ name }) => name);
  const shown = [...select.options].map(({ value }) => value);
  if (names.join() !== shown.join()) {
    choices(
      select,
      names.map((value) => ({ value })),
    );
  }
  const wanted = names.includes(draft.model) ? draft.model : names[0];
  if (select.value !== wanted) select.value = wanted;
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
    if (chosen(now) !== was) select.dispatchEvent(new CustomEvent("change", { detail: "renewed" }));
  }
}

document.addEventListener("visibilitychange", () => document.hidden || refresh());
