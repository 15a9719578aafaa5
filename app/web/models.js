import { list } from "./api.js";
import { choices } from "./dom.js";

/** Fill a `<select>` with the models, the default one first; return all that is known of the chosen one. */
export async function chosenModel(select) {
  const { models } = await list("models");
  if (!select.options.length) {
    const sorted = [...models].sort((a, b) => b.default - a.default);
    choices(
      select,
      sorted.map(({ name }) => ({ value: name })),
    );
  }
  return models.find(({ name }) => name === select.value);
}
