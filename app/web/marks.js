import { element } from "./dom.js";
import { percent, signed } from "./numbers.js";

const FAINT = 0.04;

/**
 * The nodes of a text with its words shaded and its sentences underlined. Places count code points, which are not the
 * units of a JavaScript string: an emoji is one of the former and two of the latter.
 */
export function marked(text, words, sentences) {
  const points = Array.from(text);
  const strongest = Math.max(0.05, ...words.map(({ contribution }) => Math.abs(contribution)));
  const plain = (start, end) => points.slice(start, end).join("");
  let next = 0;

  function between(start, end) {
    const nodes = [];
    let place = start;
    for (; next < words.length && words[next].end <= end; next += 1) {
      const word = words[next];
      nodes.push(plain(place, word.start), shaded(plain(word.start, word.end), word.contribution, strongest));
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
        { class: `sentence ${label}`, title: `${label}, ${percent(score)}` },
        ...between(start, end),
        element("span", { class: "hidden" }, about),
      ),
    );
    place = end;
  }
  return [...nodes, ...between(place, points.length)];
}

function shaded(word, contribution, strongest) {
  const strength = Math.abs(contribution) / strongest;
  if (strength < FAINT) return word;
  const node = element(
    "span",
    { class: `word ${contribution < 0 ? "negative" : "positive"}`, title: signed(contribution) },
    word,
  );
  node.style.setProperty("--strength", strength.toFixed(3));
  return node;
}
