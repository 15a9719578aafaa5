import { ask, list } from "./api.js";
import { lineChart } from "./chart.js";
import { byId, choices, element, table, tell } from "./dom.js";
import { latest } from "./latest.js";
import { brief, count, plural } from "./numbers.js";

const RECENT = 40;
const TALLEST = 20;

const place = (name) => byId(`forecasts-${name}`);
let details;

const unit = (feature) => `${feature.name} (${feature.unit})`;
const shape = (sizes) => `(${sizes.map((size, i) => size ?? (i ? "steps" : "n")).join(", ")})`;
const lines = (sequence) => sequence.map((observation) => observation.join(", ")).join("\n");

async function choose(signal) {
  const { forecasts } = await list("forecasts");
  if (!place("name").options.length) {
    choices(
      place("name"),
      forecasts.map(({ name, title }) => ({ value: name, label: `${title} (${name})` })),
    );
  }
  const found = await ask(`forecasts/${encodeURIComponent(place("name").value)}`, { signal });
  details = found;
  describe(found);
  reset();
}

function describe({ architecture, trained_on: data, input_shape: from, output_shape: to, inputs, ...rest }) {
  place("about").textContent = `${architecture}: ${shape(from)} → ${shape(to)}. Trained on: ${data}.`;
  place("columns").textContent = `One a line, the oldest first: ${inputs.map(unit).join(", ")}.`;
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
    const wanted = details.inputs.length;
    if (!numbers.every(Number.isFinite)) throw new Error(`Line ${i + 1} has something that is no number.`);
    if (numbers.length !== wanted) {
      throw new Error(`Line ${i + 1} has ${plural(numbers.length, "number")}, but an observation has ${wanted}.`);
    }
    return [numbers];
  });
}

async function forecast(signal) {
  const sequence = parsed(place("observations").value);
  if (!sequence.length) throw new Error("There is no observation to forecast from.");
  const { name, inputs, outputs } = details;
  const answer = await ask(`forecasts/${encodeURIComponent(name)}`, { body: { sequences: [sequence] }, signal });
  const recent = ({ x }) => x > sequence.length - RECENT;
  const steps = answer.steps.map((step) => ({ step, x: when(step, sequence.length) }));
  const future = outputs.map((output, i) => ({
    ...output,
    points: steps.map(({ step, x }, at) => point(step, x, answer.predictions[0][at][i])).filter(recent),
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
    ...(ahead ? [{ points: ahead.points, from: before(past, ahead), dashed: true }] : []),
  ];
  const observed = past?.points[0].x > 1 ? `the last ${RECENT} observed` : "observed";
  const shown = [past && observed, ahead && "forecast (dashed)"];
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

function reset() {
  const [example] = details.example.sequences;
  place("observations").value = lines(example);
  place("observations").rows = Math.min(TALLEST, example.length + 2);
  changed();
}

const failed = (error) => {
  place("charts").hidden = Boolean(error);
  tell(place("problem"), error);
};
const changed = latest(forecast, failed);

/** Connect the tab; returned is what to do whenever it is opened. */
export function forecasts() {
  const chosen = latest(choose, (error) => error && failed(error), 0);
  place("name").addEventListener("change", chosen);
  place("observations").addEventListener("input", () => details && changed());
  place("reset").addEventListener("click", () => details && reset());
  let seen = false;
  return (opened) => {
    if (opened && !seen) chosen();
    seen ||= opened;
  };
}
