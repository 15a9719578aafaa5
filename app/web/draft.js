// The text that is being tried, one for all tabs that show it.

const readers = new Set();
let text = "A wonderful film, and I loved every moment. The music is superb! Only the plot is a bit weak.";

export const draft = {
  get text() {
    return text;
  },
  set text(value) {
    text = value;
    for (const reader of readers) reader();
  },
};

/** Show the draft in a text area, and what is typed there in the others. */
export function edit(area, changed) {
  area.value = text;
  area.addEventListener("input", () => {
    draft.text = area.value;
  });
  readers.add(() => {
    if (area.value !== text) area.value = text;
    changed();
  });
}
