// The gates of one unit, a row of bars each, below the ids that it reads.

import { asTable, axis, fitted, picture } from "./chart.js";
import { columns, LEFT, RIGHT } from "./columns.js";
import { element, svg } from "./dom.js";
import { signed } from "./numbers.js";

const ROW = 60;
const NAME = 20;
const BAR = 32;

/** The rows: what each is called, the field of the answer, its least value, and what a bar says. */
const ROWS = [
  ["forget", "forget", 0, "how much of the memory is kept"],
  ["input", "input", 0, "how much of the candidate goes in"],
  ["candidate", "candidate", -1, "what the word would write"],
  ["memory", "cell", null, "c, what the unit remembers"],
  ["output", "output", 0, "how much of the memory shows"],
  ["state", "hidden", -1, "h, what the others see"],
];

/** Draw what a unit does at each id; `direction` is one of the answer, `place` where the unit is in its gates. */
export function gates(host, { title, direction, unit, place, names, skipped }) {
  const values = (field) => direction[field].map((all) => all[field === "hidden" ? unit : place]);
  const rows = ROWS.map(([name, field, least, about]) => ({ name, least, about, all: values(field) }));
  const frame = element("div");
  const cells = names.map((name, at) => [name, ...rows.map(({ all }) => signed(all[at]))]);
  const head = ["After", ...rows.map(({ name }) => name)];
  host.replaceChildren(element("h3", {}, title), frame, asTable(title, head, cells));
  fitted(frame, (width) => frame.replaceChildren(draw(title, rows, names, skipped, width)));
}

function draw(title, rows, names, skipped, width) {
  const { x, size } = columns(width, names.length);
  const about = rows.map(({ name, about: meaning }) => `${name}: ${meaning}`).join("; ");
  const below = axis(names.map((label, at) => ({ label, x: at })), width - LEFT - RIGHT);
  return picture(
    width,
    rows.length * ROW + below.height,
    title,
    `Bars for each word. ${about}.`,
    ...rows.flatMap(({ name, least, about: meaning, all }, at) => {
      const most = least === null ? Math.max(1, ...all.map(Math.abs)) : 1;
      const low = least === null ? -most : least;
      const down = (value) => at * ROW + NAME + (1 - (value - low) / (most - low)) * BAR;
      const zero = down(0);
      return [
        svg("text", { x: 0, y: at * ROW + 13 }, svg("tspan", { class: "name" }, name), `: ${meaning}`),
        svg("line", { class: "grid", x1: LEFT - size / 2, x2: x(names.length - 1) + size / 2, y1: zero, y2: zero }),
        ...all.map((value, column) => bar(value, x(column), zero, down(value), size, names[column], column < skipped)),
      ];
    }),
    ...below.draw(x, rows.length * ROW),
  );
}

function bar(value, x, zero, end, size, name, isSkipped) {
  if (isSkipped) return "";
  const kind = value < 0 ? "negative" : "positive";
  return svg(
    "rect",
    { class: kind, x: x - size * 0.4, y: Math.min(zero, end), width: size * 0.8, height: Math.max(1, Math.abs(end - zero)) },
    svg("title", {}, `${name}: ${signed(value)}`),
  );
}
