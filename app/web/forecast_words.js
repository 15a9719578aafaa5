// A forecast in words: what is asked, and what is answered.

import { brief, percent, plural } from "./numbers.js";

const listed = (names) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0]);
const lower = (title) => title[0].toLowerCase() + title.slice(1);
const unitOf = (steps) => /^[a-z]+/i.exec(steps[0])[0];

/** The question that a forecast answers. */
export function question({ title, inputs, steps, example }) {
  const observed = plural(example.sequences[0].length, unitOf(steps));
  return `From ${observed} of ${listed(inputs.map(({ name }) => name))}: ${lower(title)}.`;
}

/** Its answer. `bounds` are the lower and the upper ones of each step and output, if they are known. */
export function answered({ outputs }, { steps, predictions: [found] }, bounds) {
  return outputs.map((output, i) => sentence(output, steps, found.map((row) => row[i]), bounds && within(bounds, i))).join(" ");
}

const within = ({ coverage, lower: low, upper: high }, i) => ({
  coverage,
  low: low.map((row) => row[i]),
  high: high.map((row) => row[i]),
});

function sentence({ name, unit }, steps, values, bounds) {
  if (unit === "probability" && values.length === 1) return `${Math.round(100 * values[0])} % ${name}.`;
  if (values.length === 1) return `${capital(name)} on ${when(steps[0])}: ${amount(values[0], unit)}${between(bounds, unit, 0)}.`;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const at = values.indexOf(most);
  const all = `between ${brief(least)} and ${amount(most, unit)}`;
  return `${capital(name)}: ${all}; most on ${steps[at]}${between(bounds, unit, at)}.`;
}

const capital = (name) => name[0].toUpperCase() + name.slice(1);
const amount = (value, unit) => `${brief(value)} ${unit}`;
const when = (step) => (/^[a-z]+\+1$/.test(step) ? `the next ${unitOf([step])}` : step);

function between(bounds, unit, at) {
  if (!bounds) return "";
  return ` (${percent(bounds.coverage).replace(".0 ", " ")} of such forecasts are within ${brief(bounds.low[at])} to ${amount(bounds.high[at], unit)})`;
}
