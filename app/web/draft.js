// The text that is being tried and the model that is asked: one for all tabs. The last text is kept for this browser tab.

import { addressed, chosen, edited, settled } from "./address.js";

const NAME = "sentiment-text";
/** What the page begins with. */
export const FIRST = "A wonderful film, and I loved every moment. The music is superb! Only the plot is a bit weak.";

const readers = new Set();
const current = { text: FIRST, model: "" };

try {
  current.text = sessionStorage.getItem(NAME) ?? FIRST;
} catch {
  // Where the browser keeps nothing, each visit begins with the first text.
}

function set(name, value) {
  if (current[name] === value) return;
  current[name] = value;
  if (name === "text") keep(value);
  for (const reader of readers) reader();
}

function keep(text) {
  try {
    sessionStorage.setItem(NAME, text);
  } catch {
    // As above; or the text is longer than what a browser keeps.
  }
}

export const draft = {
  get text() {
    return current.text;
  },
  set text(value) {
    set("text", value);
  },
  /** The name of a model; of the default one, it may be empty. */
  get model() {
    return current.model;
  },
  set model(value) {
    set("model", value);
  },
};

for (const [name, initial] of [
  ["text", FIRST],
  ["model", ""],
]) {
  addressed(name, { read: () => current[name], write: (value) => set(name, value), initial });
}

/** Show the draft in a text area, and what is typed there in the others. */
export function edit(area, changed) {
  area.value = current.text;
  area.addEventListener("input", () => {
    draft.text = area.value;
    edited();
  });
  area.addEventListener("change", settled);
  readers.add(() => {
    if (area.value !== current.text) area.value = current.text;
    changed();
  });
}

/** Take the model from a `<select>`. */
export function pick(select) {
  select.addEventListener("change", ({ detail }) => {
    if (detail === "renewed") return; // by the service, and nobody's choice
    draft.model = select.value;
    chosen();
  });
}
