import { addressed, chosen as isChosen, edited, settled } from "./address.js";
import { ask, list } from "./api.js";
import { lineChart } from "./chart.js";
import { byId, choices, element, table, tell } from "./dom.js";
import { answered, question } from "./forecast_words.js";
import { latest } from "./latest.js";
import { brief, count, percent, plural } from "./numbers.js";
import { placed, table as tableOf } from "./pasted.js";

const RECENT = 40;
const TALLEST = 20;

const place = (name) => byId(`forecasts-${name}`);
let details;
/** The name of the forecast that is shown, and the observations that a link gives. */
let wanted = "";
let given = "";

const unit = (feature) => `${feature.name} (${feature.unit})`;
const shape = (sizes) => `(${sizes.map((size, i) => size ?? (i ? "steps" : "n")).join(", ")})`;
const lines = (sequence) => sequence.map((observation) => observation.join(", ")).join("\n");

async function choose(signal) {
  const { forecasts } = await list("forecasts");
  if (!forecasts.some(({ name }) => name === wanted)) wanted = forecasts[0].name;
  const { title } = forecasts.find(({ name }) => name === wanted);
  cards(forecasts, title);
  choices(
    place("name"),
    forecasts
      .filter((one) => one.title === title)
      .map(({ name, architecture, parameters }) => ({
        value: name,
        label: `${architecture}, ${plural(parameters, "parameter")}`,
      })),
  );
  place("name").value = wanted;
  const found = await ask(`forecasts/${encodeURIComponent(wanted)}`, { signal });
  details = found;
  describe(found);
  place("observations").value = given || example();
  place("observations").rows = Math.min(TALLEST, found.example.sequences[0].length + 2);
  changed();
}

/** One card for each task, whatever the number of its models. */
function cards(forecasts, title) {
  const tasks = [...new Map(forecasts.toReversed().map((one) => [one.title, one])).values()].reverse();
  const use = (one) => () => select(one.name);
  if (place("tasks").children.length !== tasks.length) {
    const button = (one) => element("button", { type: "button", class: "card task", onclick: use(one) }, one.title);
    place("tasks").replaceChildren(...tasks.map(button));
  }
  for (const node of place("tasks").children) node.setAttribute("aria-pressed", String(node.textContent === title));
}

function select(name) {
  wanted = name;
  given = "";
  isChosen();
  begin();
}

const example = () => lines(details.example.sequences[0]);

function describe(found) {
  const { architecture, trained_on: data, input_shape: from, output_shape: to, inputs, ...rest } = found;
  place("question").textContent = question(found);
  place("about").textContent = `${architecture}: ${shape(from)} → ${shape(to)}. Trained on: ${data}.`;
  place("columns").textContent = `One a line, the oldest first: ${inputs.map(unit).join(", ")}.`;
  place("paste").hidden = inputs.length < 2;
  choices(
    place("column"),
    inputs.map(({ name }, value) => ({ value: String(value), label: name })),
  );
  const rows = rest.layers.map(({ kind, units, output_shape: output, formula, parameters }) => [
    kind,
    units,
    shape(output),
    formula,
    count(parameters),
  ]);
  const head = ["Layer", "Units", "Output", "How its parameters are counted", "Parameters"];
  const all = ["All", "", "", "", count(rest.parameters)];
  place("layers").replaceChildren(table("Layers that have parameters", head, rows, all));
  scores(rest.figures);
}

function scores({ measure, examples, held_out: held, scores: found }) {
  const which = held === false ? "the examples that it was trained on" : "examples that it was not trained on";
  place("measure").textContent =
    `The ${measure} on ${plural(examples, "example")}, ${which}, beside what anybody could forecast without it.`;
  const columns = Object.keys(Object.values(found)[0]);
  const rows = Object.entries(found).map(([name, one]) => [name, ...columns.map((column) => brief(one[column]))]);
  place("scores").replaceChildren(table(`By ${measure}`, ["Forecast", ...columns], rows));
}

/** Read one observation a line. */
function parsed(text) {
  const rows = text.split("\n").map((line) => line.trim());
  return rows.flatMap((line, i) => {
    if (!line) return [];
    const numbers = line
      .split(/[\s,;]+/)
      .filter(Boolean)
      .map(Number);
    const width = details.inputs.length;
    if (!numbers.every(Number.isFinite)) throw new Error(`Line ${i + 1} has something that is no number.`);
    if (numbers.length !== width) {
      throw new Error(`Line ${i + 1} has ${plural(numbers.length, "number")}, but an observation has ${width}.`);
    }
    return [numbers];
  });
}

/** Take what is pasted from a spreadsheet, a whole table or one column. */
function paste(event) {
  const pasted = details && tableOf(event.clipboardData.getData("text/plain"));
  if (!pasted) return;
  let observations = [];
  try {
    observations = parsed(place("observations").value);
  } catch {
    // What cannot be read is replaced.
  }
  const rows = placed(pasted, observations, details.inputs.length, Number(place("column").value));
  if (!rows) return;
  event.preventDefault();
  place("observations").value = lines(rows);
  place("observations").dispatchEvent(new Event("input"));
}

async function forecast(signal) {
  const sequence = parsed(place("observations").value);
  if (!sequence.length) throw new Error("There is no observation to forecast from.");
  const { name, inputs, outputs, figures } = details;
  // A service that knows no intervals of this forecast warns whoever asks for them.
  const wish = figures.coverage ? { intervals: true } : {};
  const body = { sequences: [sequence], ...wish };
  const answer = await ask(`forecasts/${encodeURIComponent(name)}`, { body, signal });
  const bounds = answer.intervals && {
    coverage: answer.intervals.coverage,
    lower: answer.intervals.lower[0],
    upper: answer.intervals.upper[0],
  };
  place("answer").textContent = answered(details, answer, bounds);
  place("interval").textContent = bounds ? `The band holds ${percent(bounds.coverage)} of such forecasts.` : "";
  const recent = ({ x }) => x > sequence.length - RECENT;
  const steps = answer.steps.map((step) => ({ step, x: when(step, sequence.length) }));
  const future = outputs.map((output, i) => ({
    ...output,
    points: steps.map(({ step, x }, at) => point(step, x, answer.predictions[0][at][i])).filter(recent),
    band: bounds ? steps.map(({ x }, at) => ({ x, low: bounds.lower[at][i], high: bounds.upper[at][i] })).filter(recent) : undefined,
  }));
  const past = inputs.map((input, i) => ({
    ...input,
    points: sequence.map((row, x) => point(`observation ${x + 1}`, x + 1, row[i])).filter(recent),
  }));
  draw(past, future);
}

const point = (label, x, y) => ({ label, x, y, value: brief(y) });

/** Where a step is on an axis on which the last observation is at its number: after it, or (`day 3`) beside one. */
function when(step, length) {
  const [, sign, digits] = /(\+?)\s*(\d+)$/.exec(step);
  return (sign ? length : 0) + Number(digits);
}

function draw(past, future) {
  const observed = new Map(past.map((feature) => [feature.name, feature]));
  const panels = [
    ...future.map((feature) => ({ feature, past: observed.get(feature.name), forecast: feature })),
    ...past
      .filter(({ name }) => !future.some((one) => one.name === name))
      .map((feature) => ({ feature, past: feature })),
  ];
  const charts = panels.map(() => element("div"));
  place("charts").replaceChildren(...charts);
  panels.forEach((panel, i) => drawPanel(charts[i], panel));
}

function drawPanel(host, { feature, past, forecast: ahead }) {
  const series = [
    ...(past ? [{ points: past.points }] : []),
    ...(ahead ? [{ points: ahead.points, band: ahead.band, from: before(past, ahead), dashed: true }] : []),
  ];
  const observed = past?.points[0].x > 1 ? `the last ${RECENT} observed` : "observed";
  const shown = [past && observed, ahead && `forecast (dashed${ahead.band ? ", with its interval" : ""})`];
  const spoken = ahead && ahead.points.map(({ label, value }) => `${label}: ${value}`).join(", ");
  lineChart(host, {
    title: `${unit(feature)}: ${shown.filter(Boolean).join(" and ")}`,
    description: ahead ? `The forecast is ${spoken}.` : `The last ${plural(past.points.length, "observation")}.`,
    head: ["When", feature.unit],
    y: { format: brief },
    ticks: [...(past?.points ?? []), ...(ahead?.points ?? [])].map(tick),
    series,
  });
}

const tick = ({ x, label }) => ({ x, label: label.replace("observation ", "") });

/** The last observation, from which a forecast of what follows goes on. */
function before(past, ahead) {
  const last = past?.points.at(-1);
  return last && last.x < ahead.points[0].x ? last : undefined;
}

const failed = (error) => {
  for (const name of ["charts", "answer"]) place(name).hidden = Boolean(error);
  tell(place("problem"), error);
};
const changed = latest(forecast, failed);
const begin = latest(choose, (error) => error && failed(error), 0);

/** Connect the tab; returned is what to do whenever it is opened. */
export function forecasts() {
  let isOpen = false;
  let isStale = true;
  const follow = (read, set) => (value) => {
    if (value === read()) return;
    set(value);
    isStale = true;
    if (isOpen) begin();
  };
  const readName = () => wanted;
  const readObservations = () => {
    // Until another forecast is there, the field holds what was typed for the one before.
    if (details?.name !== wanted) return given;
    const typed = place("observations").value;
    return typed === example() ? "" : typed;
  };
  addressed("forecast", { of: "forecasts", read: readName, write: follow(readName, (value) => (wanted = value)), initial: "" });
  const write = follow(readObservations, (value) => (given = value));
  addressed("observations", { of: "forecasts", read: readObservations, write, initial: "" });
  place("name").addEventListener("change", () => select(place("name").value));
  place("observations").addEventListener("paste", paste);
  place("observations").addEventListener("input", () => {
    if (!details) return;
    edited();
    changed();
  });
  place("observations").addEventListener("change", settled);
  place("reset").addEventListener("click", () => {
    if (!details) return;
    place("observations").value = example();
    isChosen();
    changed();
  });
  return (opened) => {
    if (opened && isStale) begin();
    isStale &&= !opened;
    isOpen = opened;
  };
}
