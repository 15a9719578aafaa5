// The labels of a model, as the page colours and names them.

const POLES = ["negative", "positive"];

/** Whether a model has both, and so tells how positive a text is against how negative. */
const hasPoles = (labels) => POLES.every((pole) => labels.includes(pole));

/** Whether a model has a single output: its answers lie on a scale between the two. */
export const isScale = (labels) => labels.join() === POLES.join();

/** The class that colours a label. */
export const tone = (label) => (POLES.includes(label) ? label : "other");

/**
 * What the contributions of words are: the fall of `measure`, to base e, without the word. One above 0 makes the text
 * what `pro` says, one below 0 what `contra` says.
 */
export function attribution(labels, label) {
  const poles = { pro: { name: "more positive", tone: "positive" }, contra: { name: "more negative", tone: "negative" } };
  if (hasPoles(labels)) return { measure: "log-odds of “positive” against “negative”", ...poles };
  return {
    measure: `log-odds of “${label}”`,
    pro: { name: `more ${label}`, tone: "for" },
    contra: { name: `less ${label}`, tone: "against" },
  };
}
