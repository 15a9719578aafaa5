import { element } from "./dom.js";
import { tone } from "./labels.js";
import { percent, signed } from "./numbers.js";

const FAINT = 0.04;

/**
 * The nodes of a text with its words shaded and its sentences underlined. Places count code points, which are not the
 * units of a JavaScript string: an emoji is one of the former and two of the latter.
 */
export function marked(text, words, sentences, { least, pro, contra }) {
  const points = Array.from(text);
  const strongest = Math.max(least, ...words.map(({ contribution }) => Math.abs(contribution)));
  const plain = (start, end) => points.slice(start, end).join("");
  let next = 0;

  function shade(word, contribution) {
    const side = contribution < 0 ? contra : pro;
    return shaded(word, contribution, Math.abs(contribution) / strongest, side.tone);
  }

  function between(start, end) {
    const nodes = [];
    let place = start;
    for (; next < words.length && words[next].end <= end; next += 1) {
      const word = words[next];
      nodes.push(plain(place, word.start), shade(plain(word.start, word.end), word.contribution));
      place = word.end;
    }
    return [...nodes, plain(place, end)].filter((node) => node !== "");
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

function shaded(word, contribution, strength, kind) {
  if (strength < FAINT) return word;
  const node = element("span", { class: `word ${kind}`, title: signed(contribution) }, word);
  node.style.setProperty("--strength", strength.toFixed(3));
  return node;
}
