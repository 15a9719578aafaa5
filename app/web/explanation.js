// Why a text got its verdict: its words shaded, its sentences underlined, and what that measures.

import { byId, element, table } from "./dom.js";
import { tone } from "./labels.js";
import { marked, strongestOf } from "./marks.js";
import { signed } from "./numbers.js";

const MOST = 30;

const place = (name) => byId(`sentiment-${name}`);
const bySize = (words) => [...words].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));

/** Show the text with what an answer says of its words and sentences; `note` says why it says nothing. */
export function reading(text, { words = [], sentences = [] }, note, side) {
  place("note").textContent = note;
  place("note").hidden = !note;
  place("legend").hidden = Boolean(note);
  place("words").hidden = !words.length;
  place("reading").replaceChildren(...marked(text, words, sentences, side));
  place("legend").replaceChildren(...legend(words, sentences, side));
  const rows = bySize(words)
    .slice(0, MOST)
    .map(({ text: word, contribution }) => [
      word,
      signed(contribution),
      (contribution < 0 ? side.contra : side.pro).name,
    ]);
  place("words").lastElementChild.replaceChildren(
    table(`Fall of the ${side.measure} without the word`, ["Word", "Contribution", "Makes the text"], rows),
  );
}

/** What the shades and the underlines of a text mean, and what the darkest shade stands for. */
export function legend(words, sentences, { measure, pro, contra }) {
  const shade = ({ name, tone: kind }) => element("span", { class: `word ${kind}` }, name);
  const labels = [...new Set(sentences.map(({ label }) => label))];
  const underlined = labels.map((label, i) => [i ? ", " : "", element("span", { class: `sentence ${tone(label)}` }, label)]);
  const [word] = bySize(words);
  const darkest = word && strongestOf(words) ? ` The darkest is “${word.text}”, ${signed(word.contribution)}.` : "";
  return [
    "Shaded words make the text ",
    shade(pro),
    " or ",
    shade(contra),
    `: the stronger, the more the ${measure} would change without them.${darkest}`,
    ...(labels.length ? [" Underlines are the sentences by themselves: ", ...underlined.flat(), "."] : []),
  ];
}
