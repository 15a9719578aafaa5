import { ask } from "./api.js";
import { byId, element, table, tell } from "./dom.js";
import { draft, edit } from "./draft.js";
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

const place = (name) => byId(`sentiment-${name}`);

async function show(signal) {
  const { text } = draft;
  const model = await chosenModel(place("model"));
  place("answer").hidden = !text;
  if (!text || signal.aborted) return;
  const body = { text, model: model.name, explain: true };
  const { answer, sent, note } = await explained(body, signal);
  verdict(answer, model);
  reading(text, answer, note);
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

function verdict({ label, score, probabilities, tokens }, { maxlen }) {
  place("verdict").classList.toggle("negative", label === "negative");
  place("label").textContent = label;
  place("score").textContent = percent(score);
  place("bar").style.setProperty("--share", probabilities.positive);
  const unknown = tokens.unknown
    ? `${count(tokens.unknown)} of them unknown to the model`
    : "all of them known to the model";
  const cut = tokens.truncated ? `; only the last ${count(maxlen)} tokens are read` : "";
  place("tokens").textContent = tokens.count
    ? `${plural(tokens.count, "word")}, ${unknown}${cut}.`
    : "There is no word in this text; the answer means nothing.";
}

function reading(text, { words = [], sentences = [] }, note) {
  place("note").textContent = note;
  place("note").hidden = !note;
  place("legend").hidden = Boolean(note);
  place("words").hidden = !words.length;
  place("reading").replaceChildren(...marked(text, words, sentences));
  const strongest = [...words].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)).slice(0, MOST);
  const rows = strongest.map((word) => [
    word.text,
    signed(word.contribution),
    word.contribution < 0 ? "more negative" : "more positive",
  ]);
  place("words").lastElementChild.replaceChildren(
    table(
      "How much the probability of “positive” falls without the word",
      ["Word", "Contribution", "Makes the text"],
      rows,
    ),
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
