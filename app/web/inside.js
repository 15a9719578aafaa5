import { ask } from "./api.js";
import { lineChart } from "./chart.js";
import { byId, choices, element, tell } from "./dom.js";
import { draft, edit } from "./draft.js";
import { isScale } from "./labels.js";
import { latest } from "./latest.js";
import { chosenModel } from "./models.js";
import { count, percent, plural } from "./numbers.js";

const SHOWN = 300;

const place = (name) => byId(`inside-${name}`);

async function show(signal) {
  const { text } = draft;
  const model = await chosenModel(place("model"));
  place("answer").hidden = !text;
  if (!text || signal.aborted) return;
  const tokenized = await ask("tokenize", { body: { texts: [text], model: model.name }, signal });
  const [ids] = tokenized.sequences;
  const [tokens] = tokenized.tokens;
  if (!ids.length) throw new Error("There is no word in this text, and so nothing to read.");
  const read = ids.slice(0, SHOWN);
  const prefixes = read.map((_, last) => read.slice(0, last + 1));
  const [{ padded }, { probabilities }] = await Promise.all([
    ask("pad", { body: padding(ids), signal }),
    ask("predict", { body: { sequences: prefixes, model: model.name }, signal }),
  ]);
  const only = ids.length > SHOWN ? ` The first ${count(SHOWN)} are shown.` : "";
  place("about").textContent =
    `${plural(ids.length, "token")}; ids run by frequency, from 0 to ${count(tokenized.vocabulary_size - 1)}.${only}`;
  place("maxlen-note").textContent = `This model reads rows of ${count(model.maxlen)}.`;
  place("tokens").replaceChildren(...read.map((id, i) => token(tokens[i], id)));
  const words = new Map(ids.map((id, i) => [id, tokens[i]]));
  place("row").replaceChildren(...padded[0].map((id) => token(id === 0 ? "·" : words.get(id), id)));
  place("labels").hidden = isScale(model.labels);
  chart(tokens.slice(0, SHOWN), ...shownProbability(model.labels, probabilities));
}

/** The title and the numbers of the chart: of the label that is chosen, or the most probable one of the whole text. */
function shownProbability(labels, probabilities) {
  if (isScale(labels)) return ["Probability that the text up to each word is positive", probabilities];
  const named = labels.map((label) => ({ value: label }));
  choices(place("label"), [{ value: "", label: "the most probable" }, ...named]);
  const last = probabilities.at(-1);
  const label = place("label").value || labels[last.indexOf(Math.max(...last))];
  const row = labels.indexOf(label);
  return [`Probability of “${label}” for the text up to each word`, probabilities.map((all) => all[row])];
}

function padding(ids) {
  const maxlen = Math.min(600, Math.max(1, Math.trunc(Number(place("maxlen").value)) || 1));
  return { sequences: [ids], maxlen, padding: place("padding").value, truncating: place("truncating").value };
}

function token(word, id) {
  const kind = id === 0 ? "pad" : word.startsWith("<") ? "special" : "";
  return element("li", { class: kind }, element("bdi", {}, word), " ", element("span", {}, String(id)));
}

function chart(tokens, title, probabilities) {
  lineChart(place("chart"), {
    title,
    description: `It begins at ${percent(probabilities[0])} and ends at ${percent(probabilities.at(-1))}.`,
    head: ["After", "Probability"],
    y: { min: 0, max: 1, format: (value) => `${Math.round(100 * value)} %`, level: 0.5 },
    ticks: tokens.map((word, x) => ({ x, label: word })),
    series: [{ points: probabilities.map((y, x) => ({ x, y, label: tokens[x], value: percent(y) })) }],
  });
}

/** Connect the tab; returned is what to do whenever it is opened or left. */
export function inside() {
  const changed = latest(show, (error) => {
    if (error) place("answer").hidden = true;
    tell(place("problem"), error);
  });
  let open = false;
  edit(place("text"), () => open && changed());
  for (const name of ["model", "maxlen", "padding", "truncating", "label"]) place(name).addEventListener("input", changed);
  return (opened) => {
    open = opened;
    if (open) changed();
  };
}
