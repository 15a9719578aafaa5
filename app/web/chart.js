// Line charts as SVG, drawn at the size at which they are seen; each has its numbers as a table below it.

import { element, svg, table } from "./dom.js";

const HEIGHT = 220;
const MARGIN = { top: 12, right: 14, left: 52 };
const SLANTED = 64;
const LEVEL = 26;
const LONGEST = 12;
const MANY = 30;
const DOTS = 120;

const drawn = new WeakMap();
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) drawn.get(target)?.();
});
let number = 0;

/** Draw something into an element now and whenever its width changes; `draw` takes the width in pixels. */
export function fitted(host, draw) {
  let width = 0;
  drawn.set(host, () => {
    const now = Math.round(host.clientWidth);
    if (now && now !== width) draw((width = now));
  });
  drawn.get(host)();
  resized.observe(host);
}

/** An image for those who see it, with a name and a sentence for those who do not. */
export function picture(width, height, title, description, ...children) {
  number += 1;
  const [name, about] = [`picture-${number}-title`, `picture-${number}-about`];
  return svg(
    "svg",
    {
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-labelledby": name,
      "aria-describedby": about,
    },
    svg("title", { id: name }, title),
    svg("desc", { id: about }, description),
    ...children,
  );
}

/**
 * Draw a line chart.
 *
 * `series` is a list of `{ points: [{ x, y, label, value }], dashed, from, band: [{ x, low, high }] }`, `from` being a
 * point that the line begins at but the series does not have, and `band` an interval around it; `ticks` one of `{ x, label }`; `y` has a `format`, and may have `min`, `max`
 * and a `level` to mark; `head` names the columns of the table.
 */
export function lineChart(host, chart) {
  const frame = element("div");
  const banded = chart.series.some(({ band }) => band);
  const bounds = (band, at) => (banded ? [band, band].map((all, end) => (all ? chart.y.format(all[at][end ? "high" : "low"]) : "")) : []);
  const rows = chart.series.flatMap(({ points, band }) =>
    points.map(({ label, value }, at) => [label, value, ...bounds(band, at)]),
  );
  const head = [...chart.head, ...(banded ? ["from", "to"] : [])];
  host.replaceChildren(element("h3", {}, chart.title), frame, asTable(chart.title, head, rows));
  fitted(frame, (width) => frame.replaceChildren(draw(chart, width)));
}

/** The numbers of a picture, for those who want to read them. */
export function asTable(title, head, rows) {
  const scroll = element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": title },
    table(title, head, rows),
  );
  return element("details", {}, element("summary", {}, "As a table"), scroll);
}

function draw({ title, description, series, ticks, y }, width) {
  const points = series.flatMap((one) => one.points);
  const xs = points.map(({ x }) => x);
  const ends = series.flatMap(({ band }) => (band ?? []).flatMap(({ low, high }) => [low, high]));
  const values = [...points.map((point) => point.y), ...ends];
  const marks = steps(y.min ?? Math.min(...values), y.max ?? Math.max(...values));
  const [low, high] = [Math.min(marks[0], ...values), Math.max(marks.at(-1), ...values)];
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  const room = width - MARGIN.left - MARGIN.right;
  const below = axis(ticks, room);
  const bottom = HEIGHT - MARGIN.top - below.height;
  const across = (x) => MARGIN.left + (last > first ? ((x - first) / (last - first)) * room : room / 2);
  const down = (value) => MARGIN.top + (1 - (value - low) / (high - low)) * bottom;
  return picture(
    width,
    HEIGHT,
    title,
    description,
    ...marks.flatMap((value) => [
      svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: down(value), y2: down(value) }),
      svg("text", { x: MARGIN.left - 8, y: down(value) + 4, "text-anchor": "end" }, y.format(value)),
    ]),
    ...(y.level === undefined
      ? []
      : [
          svg("line", {
            class: "level",
            x1: MARGIN.left,
            x2: width - MARGIN.right,
            y1: down(y.level),
            y2: down(y.level),
          }),
        ]),
    ...below.draw(across, MARGIN.top + bottom),
    ...series.map((one) => line(one, across, down, points.length > DOTS ? 0 : points.length > MANY ? 2.5 : 3.5)),
  );
}

function line({ points, dashed, from, band }, across, down, radius) {
  const placed = (point) => ({ ...point, px: across(point.x).toFixed(1), py: down(point.y).toFixed(1) });
  const at = points.map(placed);
  const path = [...(from ? [placed(from)] : []), ...at].map(({ px, py }, i) => `${i ? "L" : "M"}${px} ${py}`).join("");
  const dot = ({ px, py, label, value }) =>
    svg("circle", { cx: px, cy: py, r: radius }, svg("title", {}, `${label}: ${value}`));
  const kind = dashed ? "line dashed" : "line";
  const shade = band ? [interval(from ? [{ x: from.x, low: from.y, high: from.y }, ...band] : band, across, down)] : [];
  return svg("g", { class: kind }, ...shade, svg("path", { d: path }), ...(radius ? at.map(dot) : []));
}

/** What lies between the bounds; of a single step without a past, a bar. */
function interval(band, across, down) {
  const wide = band.length > 1 ? 0 : 4;
  const corner = (x, value) => `${x.toFixed(1)} ${down(value).toFixed(1)}`;
  const above = band.map(({ x, high }) => corner(across(x) - wide, high));
  const below = band.map(({ x, low }) => corner(across(x) + wide, low)).reverse();
  const corners = wide ? [above[0], corner(across(band[0].x) + wide, band[0].high), below[0], corner(across(band[0].x) - wide, band[0].low)] : [...above, ...below];
  return svg("polygon", { class: "band", points: corners.join(" ") });
}

/** The labels below a picture: how high they are, and what draws as many as there is room for. */
export function axis(ticks, room) {
  const few = thinned(ticks, room / 16);
  const slanted = few.some(({ label: text }) => text.length * 7 > room / few.length);
  const draw = (across, top) => few.map((tick) => label(tick, across(tick.x), top + 16, slanted));
  return { height: slanted ? SLANTED : LEVEL, draw };
}

function label({ label: text }, x, y, slanted) {
  const points = Array.from(text);
  const short = points.length > LONGEST ? `${points.slice(0, LONGEST - 1).join("")}…` : text;
  return slanted
    ? svg("text", { transform: `translate(${x + 4} ${y - 4}) rotate(-45)`, "text-anchor": "end" }, short)
    : svg("text", { x, y, "text-anchor": "middle" }, short);
}

function thinned(ticks, most) {
  const every = Math.max(1, Math.ceil(ticks.length / most));
  return ticks.filter((_, i) => i % every === 0);
}

/** Round numbers from the least to the most, about four. */
function steps(low, high) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((size) => size >= rough);
  const [from, to] = [Math.floor(low / step), Math.ceil(high / step)];
  const last = to > from ? to : from + 1;
  return Array.from({ length: last - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)));
}
