// The verdict on a text: the label and its score, or the doubt; the probabilities; the warnings.

import { byId, element } from "./dom.js";
import { judgement, sentences } from "./judgement.js";
import { isScale, tone } from "./labels.js";
import { count, percent, plural } from "./numbers.js";

const place = (name) => byId(`sentiment-${name}`);

/** Show an answer of a model. */
export function verdict(answer, model) {
  const { label, score, probabilities, tokens } = answer;
  const { labels } = model;
  const { doubt, tone: kind } = judgement(answer, model);
  place("verdict").className = `card verdict ${kind}`;
  place("doubt").textContent = doubt ? `${doubt}.` : "";
  place("guess").textContent = doubt ? "The model’s guess: " : "";
  place("label").textContent = label;
  place("score").textContent = ` ${percent(score)}`; // no text of its own between the two that would shift
  place("scale").hidden = !isScale(labels);
  place("bars").hidden = isScale(labels);
  place("bar").style.setProperty("--share", probabilities.positive ?? 0);
  place("bars").replaceChildren(...labels.map((name) => bar(name, probabilities[name])));
  const unknown = tokens.unknown
    ? `${count(tokens.unknown)} of them unknown to the model`
    : "all of them known to the model";
  place("tokens").textContent = tokens.count ? `${plural(tokens.count, "word")}, ${unknown}.` : "";
  warn(sentences(answer, model));
}

/** Show the warnings. Those that are there already stay, so that they are not read out again as one types. */
function warn(found) {
  const shown = [...place("warnings").children].map((item) => item.textContent);
  if (shown.join() === found.join()) return;
  place("warnings").replaceChildren(...found.map((sentence) => element("li", {}, sentence)));
}

/** A row of a list of bars: a name, a share, and what it is. */
export function bar(name, share, value = percent(share), kind = tone(name)) {
  const filled = element("div", { class: kind });
  filled.style.setProperty("--share", share);
  return element(
    "li",
    {},
    element("span", {}, name),
    element("div", { class: "bar", "aria-hidden": "true" }, filled),
    element("span", {}, value),
  );
}
