// Two models side by side on one text: what each says, and which words make the difference.

import { byId, choices, element, table } from "./dom.js";
import { judgement } from "./judgement.js";
import { attribution, isScale } from "./labels.js";
import { marked, strongestOf } from "./marks.js";
import { otherModels } from "./models.js";
import { percent, signed } from "./numbers.js";
import { bar } from "./verdict.js";

const MOST = 8;

const place = (name) => byId(`sentiment-${name}`);

/** The model to compare with, if one is chosen. */
export async function compared(model) {
  const others = await otherModels(model);
  const none = { value: "", label: others.length ? "no other" : "there is no other" };
  const wanted = place("other").dataset.wanted ?? place("other").value;
  choices(place("other"), [none, ...others.map(({ name }) => ({ value: name }))]);
  place("other").value = others.some(({ name }) => name === wanted) ? wanted : "";
  return others.find(({ name }) => name === place("other").value);
}

/** Show the answers of two models: pairs of a model and its explained answer. */
export function compare(text, pairs) {
  place("comparison").hidden = !pairs;
  if (!pairs) return;
  const labels = pairs.map(([, { label }]) => label);
  const isSame = labels[0] === labels[1];
  place("difference").textContent = isSame
    ? `Both say ${labels[0]}.`
    : `They differ: ${pairs.map(([{ name }, { label, score }]) => `${name} says ${label}, ${percent(score)}`).join("; ")}.`;
  place("sides").replaceChildren(...pairs.map(([model, answer]) => side(text, model, answer)));
  const [first, second] = pairs.map(([model]) => model.name);
  const rows = differing(text, pairs).map(({ chunk, values }) => [chunk, ...values.map(signed)]);
  const caption = "What each word contributes, where the two differ most";
  place("differing").replaceChildren(table(caption, ["Word", first, second], rows));
}

function side(text, model, answer) {
  const { label, score, probabilities, words = [], sentences = [] } = answer;
  const { doubt, tone: kind } = judgement(answer, model);
  const shown = isScale(model.labels) ? ["positive"] : model.labels;
  return element(
    "section",
    { class: `card verdict ${kind}` },
    element("h3", {}, model.name),
    element("p", { class: "big" }, doubt ? `${doubt}: ` : "", element("strong", {}, label), ` ${percent(score)}`),
    element("ul", { class: "bars" }, ...shown.map((name) => bar(name, probabilities[name]))),
    element(
      "p",
      { class: "reading", dir: "auto", tabindex: 0, role: "group", "aria-label": `The text, marked by ${model.name}` },
      ...marked(text, words, sentences, attribution(model.labels, label)),
    ),
  );
}

/** The words between spaces, as models take words apart differently, whose share in each answer differs most. */
function differing(text, pairs) {
  const ends = [];
  let at = 0;
  for (const part of text.split(/(\s+)/)) {
    at += Array.from(part).length;
    ends.push({ end: at, chunk: part, values: [0, 0] });
  }
  for (const [which, [, { words = [] }]] of pairs.entries()) {
    let next = 0;
    for (const { end, contribution } of words) {
      while (ends[next].end < end) next += 1;
      ends[next].values[which] += contribution;
    }
  }
  const most = pairs.map(([, { words = [] }]) => strongestOf(words) || 1);
  const gap = ({ values }) => Math.abs(values[0] / most[0] - values[1] / most[1]);
  return ends
    .filter(({ values }) => values.some(Boolean))
    .sort((a, b) => gap(b) - gap(a))
    .slice(0, MOST);
}

