import { addressedInputs, chosen } from "./address.js";
import { ask } from "./api.js";
import { lineChart } from "./chart.js";
import { byId, choices, element, tell } from "./dom.js";
import { draft, edit } from "./draft.js";
import { gates } from "./gates.js";
import { heatMap } from "./heatmap.js";
import { isScale } from "./labels.js";
import { latest } from "./latest.js";
import { chosenModel } from "./models.js";
import { count, percent, plural } from "./numbers.js";

const SHOWN = 300;
/** Ids that the service looks into at once. */
const MOST = 100;
/** Boxes of padding, where no length is chosen. */
const BOXES = 3;

const place = (name) => byId(`inside-${name}`);
let length = 0;
/** What cannot be shown if something goes wrong now: all, or what comes after the row. */
let unknown = "answer";

async function show(signal) {
  const { text } = draft;
  unknown = "answer";
  const model = await chosenModel(place("model"));
  place("answer").hidden = !text;
  if (!text || signal.aborted) return;
  const tokenized = await ask("tokenize", { body: { texts: [text], model: model.name }, signal });
  const [ids] = tokenized.sequences;
  const [tokens] = tokenized.tokens;
  if (!ids.length) throw new Error("There is no word in this text, and so nothing to read.");
  length = ids.length;
  const { padded } = await ask("pad", { body: padding(ids, model), signal });
  const words = new Map(ids.map((id, i) => [id, tokens[i]]));
  const row = padded[0];
  const names = row.map((id) => (id === 0 ? "·" : words.get(id)));
  strips(tokenized, ids, tokens, row, names, model);
  unknown = "looked";
  await looked(row.slice(0, MOST), names.slice(0, MOST), model, signal);
}

function strips({ vocabulary_size: size }, ids, tokens, row, names, { maxlen }) {
  const only = ids.length > SHOWN ? ` The first ${count(SHOWN)} are shown.` : "";
  place("about").textContent = `${plural(ids.length, "token")}; ids run by frequency, from 0 to ${count(size - 1)}.${only}`;
  place("maxlen-note").textContent = `This model reads rows of ${count(maxlen)}.`;
  place("maxlen").placeholder = String(row.length);
  place("tokens").replaceChildren(...ids.slice(0, SHOWN).map((id, i) => token(tokens[i], id)));
  place("row").replaceChildren(...row.map((id, i) => token(names[i], id)));
}

/** Look into the model as it reads a row: its states, the gates of a unit, the running probability. */
async function looked(row, names, model, signal) {
  const body = { ids: row, model: model.name };
  const [{ hidden }] = (await ask("activations", { body: { ...body, units: [] }, signal })).directions;
  const last = hidden[0].length - 1;
  const asked = place("unit").value;
  const unit = asked === "" ? liveliest(hidden) : Math.max(0, Math.min(last, Math.trunc(Number(asked))));
  const found = await ask("activations", { body: { ...body, units: [unit] }, signal });
  place("looked").hidden = false;
  place("unit").max = last;
  place("unit").placeholder = String(unit);
  place("masks").textContent = found.skipped
    ? "This model skips its padding: its columns stay empty, and cost nothing."
    : "This model reads its padding too: in front, its states come to rest before the text begins, and so the service starts from a table of such states.";
  const windows = found.windows.length > 1 ? " It reads windows, each with an empty memory: a line stands between them." : "";
  place("windows").textContent = windows;
  const several = found.directions.length > 1;
  const shared = { names, skipped: found.skipped };
  const maps = found.directions.map(() => element("div"));
  place("maps").replaceChildren(...maps);
  found.directions.forEach(({ direction, hidden: states }, at) => {
    const title = several ? `Hidden states, reading ${direction}` : "Hidden states";
    heatMap(maps[at], { ...shared, title, states, chosen: unit, windows: found.windows, choose });
  });
  const drawn = found.directions.map(() => element("div"));
  place("gates").replaceChildren(...drawn);
  found.directions.forEach((direction, at) => {
    const title = `Unit ${unit}${several ? `, reading ${direction.direction}` : ""}`;
    gates(drawn[at], { ...shared, title, direction, unit, place: 0 });
  });
  place("labels").hidden = isScale(model.labels);
  chart(names, ...shownProbability(model.labels, found.probabilities));
}

/** The unit whose state moves most. */
function liveliest(states) {
  const moves = states[0].map((_, unit) => {
    const all = states.map((state) => state[unit]);
    return Math.max(...all) - Math.min(...all);
  });
  return moves.indexOf(Math.max(...moves));
}

function choose(unit) {
  place("unit").value = String(unit);
  place("unit").dispatchEvent(new Event("input"));
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

function padding(ids, { maxlen: longest }) {
  const wanted = Math.trunc(Number(place("maxlen").value)) || ids.length + BOXES;
  const maxlen = Math.min(MOST, longest, Math.max(1, wanted));
  return { sequences: [ids], maxlen, padding: place("padding").value, truncating: place("truncating").value };
}

function token(word, id) {
  const kind = id === 0 ? "pad" : word === "<unknown>" ? "special unknown" : word.startsWith("<") ? "special" : "";
  return element("li", { class: kind }, element("bdi", {}, word), " ", element("span", {}, String(id)));
}

function chart(names, title, probabilities) {
  lineChart(place("chart"), {
    title,
    description: `It begins at ${percent(probabilities[0])} and ends at ${percent(probabilities.at(-1))}.`,
    head: ["After", "Probability"],
    y: { min: 0, max: 1, format: (value) => `${Math.round(100 * value)} %`, level: 0.5 },
    ticks: names.map((word, x) => ({ x, label: word })),
    series: [{ points: probabilities.map((y, x) => ({ x, y, label: names[x], value: percent(y) })) }],
  });
}

/** Have the boxes of padding dragged: to the right there are more before the text, to the left more behind it. */
function drag(list) {
  list.addEventListener("pointerdown", (event) => {
    const box = event.target.closest(".pad");
    if (!box) return;
    event.preventDefault();
    const [begun, size] = [event.clientX, box.offsetWidth];
    const boxes = list.querySelectorAll(".pad").length;
    const move = ({ clientX }) => {
      const more = Math.round((clientX - begun) / size) * (place("padding").value === "pre" ? 1 : -1);
      const wanted = String(Math.min(MOST, length + Math.max(0, boxes + more)));
      if (place("maxlen").value === wanted) return;
      place("maxlen").value = wanted;
      place("maxlen").dispatchEvent(new Event("input"));
    };
    const leaving = new AbortController();
    addEventListener("pointermove", move, { signal: leaving.signal });
    for (const name of ["pointerup", "pointercancel"]) {
      addEventListener(name, () => leaving.abort(), { signal: leaving.signal });
    }
  });
}

/** Connect the tab; returned is what to do whenever it is opened or left. */
export function inside() {
  const changed = latest(show, (error) => {
    if (error) place(unknown).hidden = true;
    tell(place("problem"), error);
  });
  let open = false;
  edit(place("text"), () => open && changed());
  const inputs = Object.fromEntries(["maxlen", "padding", "truncating", "unit"].map((name) => [name, place(name)]));
  addressedInputs("inside", inputs);
  for (const node of [...Object.values(inputs), place("label"), place("model")]) {
    node.addEventListener("input", () => open && changed());
  }
  drag(place("row"));
  for (const button of byId("panel-inside").querySelectorAll("[data-text], [data-maxlen]")) {
    button.addEventListener("click", () => {
      const { text, maxlen, padding: side } = button.dataset;
      if (text !== undefined) draft.text = text;
      if (maxlen !== undefined) place("maxlen").value = maxlen && String(Math.min(MOST, length + Number(maxlen)));
      if (side) place("padding").value = side;
      chosen();
      changed();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => open && changed());
  return (opened) => {
    open = opened;
    if (open) changed();
  };
}
