// The text that is being tried and the model that is asked: one for all tabs. The last text is kept for this browser tab.

import { addressed, chosen, edited, settled } from "./address.js";
import { byId } from "./dom.js";
import { kept, NAME } from "./first.js";

/** What the page begins with. */
export const FIRST = byId("sentiment-text").defaultValue;

const readers = new Set();
const current = { text: kept ?? FIRST, model: "" };

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
    // The browser keeps nothing, or no text of this length.
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
