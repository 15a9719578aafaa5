// What an answer amounts to, said as it is: a label, or why there is none to rely on.

import { isScale, tone } from "./labels.js";
import { count } from "./numbers.js";

/** Of two labels, a score below this is little better than a toss of a coin. */
const UNSURE_OF_TWO = 0.6;
/** Of more, one that leads the next by less than this. */
const UNSURE_LEAD = 0.1;

/** What each warning says. */
const WARNINGS = {
  no_words: () => "There is no word in this text; the answer means nothing.",
  truncated: ({ maxlen }) => `The text is longer than the model reads: only its last ${count(maxlen)} tokens count.`,
  not_english: () => "This does not look like English; the answer means little.",
  unknown_words: () => "The model does not know most of these words; the answer means little.",
};
const DOUBTS = { no_words: "No words", not_english: "Not English", unknown_words: "Unknown words" };

export const sentences = ({ warnings }, model) => warnings.map((code) => WARNINGS[code](model));

function isUnsure({ probabilities }, labels) {
  const [first, second] = Object.values(probabilities).sort((a, b) => b - a);
  return isScale(labels) ? first < UNSURE_OF_TWO : first - second < UNSURE_LEAD;
}

/** Why an answer is not to be relied on, in a word or two, or nothing; and the class that colours it. */
export function judgement(answer, { labels }) {
  const code = Object.keys(DOUBTS).find((one) => answer.warnings.includes(one));
  const doubt = code ? DOUBTS[code] : isUnsure(answer, labels) ? "Unsure" : "";
  return { doubt, tone: doubt ? "doubt" : tone(answer.label) };
}
