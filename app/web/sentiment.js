import { ask } from "./api.js";
import { byId, element, table, tell } from "./dom.js";
import { draft, edit } from "./draft.js";
import { attribution, isScale, tone } from "./labels.js";
import { latest } from "./latest.js";
import { marked } from "./marks.js";
import { chosenModel } from "./models.js";
import { count, percent, plural, signed } from "./numbers.js";
import { curl, fetchCall, snippet } from "./snippets.js";

const MOST = 30;
const EXAMPLES = [
  "Superb cast. Awful plot!",
  "I want a refund; I was so bored!",
  "Not the best film of the year, but it's warm, funny and beautifully acted.",
  "The first half is brilliant. The second half is a tedious, predictable mess. 😴",
];

/** What each warning says. */
const WARNINGS = {
  no_words: () => "There is no word in this text; the answer means nothing.",
  truncated: ({ maxlen }) => `The text is longer than the model reads: only its last ${count(maxlen)} tokens count.`,
  not_english: () => "This does not look like English; the answer means little.",
  unknown_words: () => "The model does not know most of these words; the answer means little.",
};

const place = (name) => byId(`sentiment-${name}`);

async function show(signal) {
  const { text } = draft;
  const model = await chosenModel(place("model"));
  place("answer").hidden = !text;
  if (!text || signal.aborted) return;
  const body = { text, model: model.name, explain: true };
  const { answer, sent, note } = await explained(body, signal);
  verdict(answer, model);
  reading(text, answer, note, attribution(model.labels, answer.label));
  place("snippets").replaceChildren(
    snippet("curl", curl("sentiment", sent)),
    snippet("fetch", fetchCall("sentiment", sent)),
  );
}

/** Ask for the answer with its explanation; where the text is too long to be explained, without. */
async function explained(body, signal) {
  try {
    return { answer: await ask("sentiment", { body, signal }), sent: body, note: "" };
  } catch (error) {
    if (error.status !== 422) throw error;
    const { explain: _, ...sent } = body;
    return { answer: await ask("sentiment", { body: sent, signal }), sent, note: `No explanation: ${error.message}` };
  }
}

function verdict({ label, score, probabilities, tokens, warnings }, model) {
  const { labels } = model;
  place("verdict").className = `card verdict ${tone(label)}`;
  place("label").textContent = label;
  place("score").textContent = percent(score);
  place("scale").hidden = !isScale(labels);
  place("bars").hidden = isScale(labels);
  place("bar").style.setProperty("--share", probabilities.positive ?? 0);
  place("bars").replaceChildren(...labels.map((name) => bar(name, probabilities[name])));
  const unknown = tokens.unknown
    ? `${count(tokens.unknown)} of them unknown to the model`
    : "all of them known to the model";
  place("tokens").textContent = tokens.count ? `${plural(tokens.count, "word")}, ${unknown}.` : "";
  warn(warnings.map((code) => WARNINGS[code](model)));
}

/** Show the warnings. Those that are there already stay, so that they are not read out again as one types. */
function warn(sentences) {
  const shown = [...place("warnings").children].map((item) => item.textContent);
  if (shown.join() === sentences.join()) return;
  place("warnings").replaceChildren(...sentences.map((sentence) => element("li", {}, sentence)));
}

function bar(label, probability) {
  const filled = element("div", { class: tone(label) });
  filled.style.setProperty("--share", probability);
  return element(
    "li",
    {},
    element("span", {}, label),
    element("div", { class: "bar", "aria-hidden": "true" }, filled),
    element("span", {}, percent(probability)),
  );
}

function reading(text, { words = [], sentences = [] }, note, side) {
  place("note").textContent = note;
  place("note").hidden = !note;
  place("legend").hidden = Boolean(note);
  place("words").hidden = !words.length;
  place("reading").replaceChildren(...marked(text, words, sentences, side));
  legend(side, sentences);
  const strongest = [...words].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)).slice(0, MOST);
  const rows = strongest.map((word) => [
    word.text,
    signed(word.contribution),
    (word.contribution < 0 ? side.contra : side.pro).name,
  ]);
  place("words").lastElementChild.replaceChildren(
    table(`Fall of the ${side.measure} without the word`, ["Word", "Contribution", "Makes the text"], rows),
  );
}

function legend({ measure, pro, contra }, sentences) {
  const shade = ({ name, tone: kind }) => element("span", { class: `word ${kind}` }, name);
  const labels = [...new Set(sentences.map(({ label }) => label))];
  const underlined = labels.map((label, i) => [i ? ", " : "", element("span", { class: `sentence ${tone(label)}` }, label)]);
  place("legend").replaceChildren(
    "Shaded words make the text ",
    shade(pro),
    " or ",
    shade(contra),
    `: the stronger, the greater the change of the ${measure} without them.`,
    ...(labels.length ? [" Underlines are the sentences by themselves: ", ...underlined.flat(), "."] : []),
  );
}

/** Connect the tab; returned is what to do whenever it is opened. */
export function sentiment() {
  const changed = latest(show, (error) => {
    if (error) place("answer").hidden = true;
    tell(place("problem"), error);
  });
  let open = false;
  edit(place("text"), () => open && changed());
  place("model").addEventListener("change", changed);
  const use = (text) => () => {
    draft.text = text;
  };
  place("examples").append(
    ...EXAMPLES.map((text) => element("button", { type: "button", class: "chip", onclick: use(text) }, text)),
  );
  return (opened) => {
    open = opened;
    if (open) changed();
  };
}
