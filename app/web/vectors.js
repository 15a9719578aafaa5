import { addressed, addressedInputs, chosen } from "./address.js";
import { ask, list, passes } from "./api.js";
import { byId, choices, element, tell } from "./dom.js";
import { latest } from "./latest.js";
import { count, percent } from "./numbers.js";
import { plane } from "./plane.js";

const EXAMPLES = [
  ["man", "woman", "king"],
  ["france", "paris", "italy"],
  ["good", "better", "bad"],
  ["evil", "good", "cold"],
  ["actor", "actress", "hero"],
];
const WAYS = {
  gensim: { normalize: true, exclude_inputs: true },
  lecture: { normalize: false, exclude_inputs: false },
};
const NEAREST = 6;
/** Why the answers of a space differ from those of the others. */
const ABOUT = {
  glove: "It read Wikipedia and newspapers, and so knows kings, capitals and comparatives.",
  "imdb-word2vec": "It read film reviews alone: words are near that stand in the same places, such as actor and actress.",
  "sentiment-lecture": "The Embedding layer of the lecture’s model: it had to tell praise from blame, and knows nothing of kings.",
};

const place = (name) => byId(`vectors-${name}`);
const typed = (name) => place(name).value.trim();
let wantedSpace = "";

/** The words nearest to a sum of words in a space, or a sentence that says why there are none. */
async function nearest(space, body, signal) {
  try {
    return await ask("analogies", { body: { ...body, space, topn: NEAREST }, signal });
  } catch (error) {
    if (signal.aborted || !error.status || passes(error)) throw error;
    return { results: [], refusal: reason(error, body) };
  }
}

/** Say which words a space does not know, and how it spells what was perhaps meant. */
function reason(error, body) {
  const sentences = error.errors.map(({ pointer, detail }) => {
    const word = pointer
      .slice(2)
      .split("/")
      .reduce((part, key) => part?.[key], body);
    return typeof word === "string" ? `“${word}” ${detail}.` : "";
  });
  return sentences.join(" ").trim() || error.message;
}

function card({ name, words, dimensions }, { results, refusal }) {
  return element(
    "section",
    { class: "card" },
    element("h3", {}, name),
    element("p", { class: "soft" }, `${count(words)} words in ${dimensions} dimensions. ${ABOUT[name] ?? ""}`),
    ...(refusal ? [element("p", { class: "problem" }, refusal)] : []),
    element(
      "ol",
      { class: "ranked" },
      ...results.map(({ word, similarity }) => {
        const row = element("li", {}, element("bdi", {}, word), " ", element("span", {}, similarity.toFixed(3)));
        row.style.setProperty("--share", Math.max(0, similarity));
        return row;
      }),
    ),
  );
}

async function everywhere(host, body, signal) {
  const { spaces } = await list("vectors");
  const answers = await Promise.all(spaces.map(({ name }) => nearest(name, body, signal)));
  host.replaceChildren(...spaces.map((space, i) => card(space, answers[i])));
  return new Map(spaces.map(({ name }, i) => [name, answers[i]]));
}

async function showAnalogies(signal) {
  const [a, b, c] = ["a", "b", "c"].map(typed);
  if (a && b && c) await everywhere(place("analogies"), question(a, b, c), signal);
  else place("analogies").replaceChildren();
}

const question = (a, b, c) => ({ positive: [b, c], negative: [a], ...WAYS[place("way").value] });

async function showNeighbors(signal) {
  const word = typed("word");
  if (word) await everywhere(place("neighbors"), { positive: [word] }, signal);
  else place("neighbors").replaceChildren();
}

async function showPlane(signal) {
  const { spaces } = await list("vectors");
  choices(
    place("space"),
    spaces.map(({ name }) => ({ value: name })),
  );
  if (spaces.some(({ name }) => name === wantedSpace)) place("space").value = wantedSpace;
  const space = place("space").value;
  const [a, b, c] = ["a", "b", "c"].map(typed);
  const given = a && b && c;
  const {
    results,
    positive = [],
    negative = [],
  } = given ? await nearest(space, question(a, b, c), signal) : { results: [] };
  // What stays after the inputs, which the lecture's way of counting keeps, is the answer.
  const answer = results.map(({ word }) => word).find((word) => ![...positive, ...negative].includes(word));
  const words = [a, b, c, answer, ...typed("words").split(/[\s,]+/)].filter(Boolean);
  const { points, ratio, missing } = await projected(space, [...new Set(words)], signal);
  const arrows = answer
    ? [
        [negative[0], positive[0]],
        [positive[1], answer],
      ]
    : [];
  const lost = missing.length ? ` Not in ${space}: ${missing.join(", ")}.` : "";
  const shown = points.length
    ? `The two axes show ${percent(ratio[0] + ratio[1])} of the variance.`
    : "Two words are needed.";
  place("plot-note").textContent = shown + lost;
  if (points.length) plane(place("plot"), { title: `Words in the space ${space}`, points, arrows, choose: neighboursOf });
  place("plot").hidden = !points.length;
}

/** Ask for the neighbours of a word of the plot. */
function neighboursOf(word) {
  place("word").value = word;
  place("word").dispatchEvent(new Event("input"));
  byId("vectors-neighbours-title").scrollIntoView({ block: "nearest" });
}

/** Project the words that a space knows; those that it does not know are told apart. */
async function projected(space, words, signal) {
  const missing = [];
  let left = words;
  while (left.length >= 2) {
    try {
      const found = await ask(`vectors/${encodeURIComponent(space)}/projection`, { body: { words: left }, signal });
      const points = [...new Map(found.points.map((point) => [point.word, point])).values()];
      return { points, ratio: found.explained_variance_ratio, missing };
    } catch (error) {
      const unknown = new Set(error.errors?.map(({ pointer }) => left[Number(pointer.split("/")[2])]));
      const known = left.filter((word) => !unknown.has(word));
      if (signal.aborted || known.length === left.length) throw error;
      missing.push(...unknown);
      left = known;
    }
  }
  return { points: [], missing };
}

/** Connect the tab; returned is what to do whenever it is opened. */
export function vectors() {
  const problems = {};
  // What one of them is told is not cleared by another that went well.
  const failed = (name) => (error) => {
    problems[name] = error;
    tell(place("problem"), Object.values(problems).find(Boolean));
  };
  const changed = {
    analogies: latest(showAnalogies, failed("analogies"), 300),
    neighbors: latest(showNeighbors, failed("neighbors"), 300),
    plane: latest(showPlane, failed("plane"), 300),
  };
  const inputs = {
    a: ["analogies", "plane"],
    b: ["analogies", "plane"],
    c: ["analogies", "plane"],
    way: ["analogies", "plane"],
    words: ["plane"],
    space: ["plane"],
    word: ["neighbors"],
  };
  let seen = false;
  const update = (names) => names.forEach((name) => seen && changed[name]());
  addressedInputs("vectors", Object.fromEntries(["a", "b", "c", "way", "words", "word"].map((name) => [name, place(name)])));
  const toSpace = (value) => {
    wantedSpace = value;
    if (seen) changed.plane();
  };
  addressed("space", { of: "vectors", read: () => wantedSpace, write: toSpace, initial: "" });
  place("space").addEventListener("input", () => {
    wantedSpace = place("space").value;
    chosen();
  });
  for (const [input, names] of Object.entries(inputs)) place(input).addEventListener("input", () => update(names));
  place("form").addEventListener("submit", (event) => event.preventDefault());
  const use = (words) => () => {
    ["a", "b", "c"].forEach((name, i) => (place(name).value = words[i]));
    chosen();
    update(inputs.a);
  };
  place("examples").append(
    ...EXAMPLES.map((words) =>
      element(
        "button",
        { type: "button", class: "chip", onclick: use(words) },
        `${words[0]} : ${words[1]} = ${words[2]} : …`,
      ),
    ),
  );
  return (opened) => {
    const isFirst = opened && !seen;
    seen ||= opened;
    if (isFirst) update(Object.keys(changed));
  };
}
