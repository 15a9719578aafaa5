import { element } from "./dom.js";
import { tone } from "./labels.js";
import { percent, signed } from "./numbers.js";

const FAINT = 0.04;
/** What is left of a contribution of 0 by rounding. */
const NOTHING = 1e-4;
/** A line break as reviews on the web have it. */
const BREAK = /(<br\s*\/?>)/i;

/** The largest contribution of a text, either way; 0 if no word contributes anything. */
export function strongestOf(words) {
  const found = words.reduce((most, { contribution }) => Math.max(most, Math.abs(contribution)), 0);
  return found < NOTHING ? 0 : found;
}

/**
 * The nodes of a text with its words shaded, relative to the strongest of them, and its sentences underlined. Places
 * count code points, which are not the units of a JavaScript string: an emoji is one of the former and two of the latter.
 */
export function marked(text, all, sentences, { pro, contra }) {
  const points = Array.from(text);
  const plain = (start, end) => points.slice(start, end).join("");
  const isOfBreak = ({ start, end }) => points[start - 1] === "<" && BREAK.test(plain(start - 1, end + 4).split(">")[0] + ">");
  const words = all.filter((word) => !isOfBreak(word));
  const strongest = strongestOf(words);
  let next = 0;

  function shade(word, contribution) {
    const side = contribution < 0 ? contra : pro;
    return shaded(word, contribution, strongest && Math.abs(contribution) / strongest, side.tone);
  }

  function between(start, end) {
    const nodes = [];
    let place = start;
    for (; next < words.length && words[next].end <= end; next += 1) {
      const word = words[next];
      nodes.push(...broken(plain(place, word.start)), shade(plain(word.start, word.end), word.contribution));
      place = word.end;
    }
    return [...nodes, ...broken(plain(place, end))];
  }

  const nodes = [];
  let place = 0;
  for (const { start, end, label, score } of sentences) {
    nodes.push(...between(place, start));
    const about = ` (this sentence: ${label}, ${percent(score)})`;
    nodes.push(
      element(
        "span",
        { class: `sentence ${tone(label)}`, title: `${label}, ${percent(score)}` },
        ...between(start, end),
        element("span", { class: "hidden" }, about),
      ),
    );
    place = end;
  }
  return [...nodes, ...between(place, points.length)];
}

/** A text, with line breaks for those that are written as tags. */
function broken(text) {
  const parts = text.split(BREAK).map((part, at) => (at % 2 ? element("br") : part));
  return parts.filter((part) => part !== "");
}

function shaded(word, contribution, strength, kind) {
  if (strength < FAINT) return word;
  const node = element("span", { class: `word ${kind}`, title: signed(contribution) }, word);
  node.style.setProperty("--strength", strength.toFixed(3));
  return node;
}
