// Words as points of a plane, with arrows between some of them.

import { asTable, fitted, picture } from "./chart.js";
import { element, svg } from "./dom.js";

const MARGIN = 40;
const LETTER = 7.5;
const LINE = 16;

/** Draw points, `{ word, coordinates }`, and arrows, pairs of words. */
export function plane(host, { title, points, arrows }) {
  const frame = element("div");
  const rows = points.map(({ word, coordinates }) => [word, ...coordinates]);
  host.replaceChildren(frame, asTable(title, ["Word", "First axis", "Second axis"], rows));
  fitted(frame, (width) => frame.replaceChildren(draw(title, points, arrows, width)));
}

function draw(title, points, arrows, width) {
  const height = Math.round(Math.min(420, Math.max(280, width * 0.6)));
  const spread = (axis) => {
    const values = points.map(({ coordinates }) => coordinates[axis]);
    return [Math.min(...values), Math.max(...values)];
  };
  const [[left, right], [bottom, top]] = [spread(0), spread(1)];
  // One scale for both axes: lengths and angles are what the picture is about.
  const scale = Math.min((width - 2 * MARGIN) / (right - left || 1), (height - 2 * MARGIN) / (top - bottom || 1));
  const placed = points.map(({ word, coordinates: [x, y] }) => ({
    word,
    x: width / 2 + (x - (left + right) / 2) * scale,
    y: height / 2 - (y - (bottom + top) / 2) * scale,
  }));
  const at = new Map(placed.map((point) => [point.word, point]));
  const drawn = arrows.filter(([from, to]) => from !== to && at.has(from) && at.has(to));
  const description = [
    `Words: ${points.map(({ word }) => word).join(", ")}.`,
    ...drawn.map(([from, to]) => `An arrow from ${from} to ${to}.`),
  ].join(" ");
  return picture(
    width,
    height,
    title,
    description,
    ...drawn.map(([from, to]) => arrow(at.get(from), at.get(to))),
    ...placed.map(({ x, y }) => svg("circle", { class: "point", cx: x, cy: y, r: 4 })),
    ...labels(
      placed,
      drawn.map(([from, to]) => [at.get(from), at.get(to)]),
      width,
    ),
  );
}

function arrow(from, to) {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const tip = { x: to.x - 8 * Math.cos(angle), y: to.y - 8 * Math.sin(angle) };
  const barb = (turn) => `${tip.x - 10 * Math.cos(angle + turn)} ${tip.y - 10 * Math.sin(angle + turn)}`;
  return svg("path", {
    class: "arrow",
    d: `M${from.x} ${from.y}L${tip.x} ${tip.y}M${barb(0.4)}L${tip.x} ${tip.y}L${barb(-0.4)}`,
  });
}

/** Put each word beside its point, at whichever place is free of points, arrows and the words before it. */
function labels(placed, arrows, width) {
  const taken = [...placed, ...arrows.flatMap(along)].map(({ x, y }) => ({ x: x - 4, y: y - 4, width: 8, height: 8 }));
  return placed.map(({ word, x, y }) => {
    const size = Array.from(word).length * LETTER;
    const middle = x - size / 2;
    const places = [
      [middle, -22],
      [middle, 7],
      [x + 8, -8],
      [x - size - 8, -8],
      [middle, -38],
      [middle, 23],
    ];
    const boxes = places.map(([from, by]) => ({
      x: Math.min(Math.max(0, from), Math.max(0, width - size)),
      y: y + by,
      width: size,
      height: LINE,
    }));
    const box = boxes.find((one) => !taken.some((other) => overlap(one, other))) ?? boxes[0];
    taken.push(box);
    return svg("text", { class: "name", x: box.x + size / 2, y: box.y + 12, "text-anchor": "middle" }, word);
  });
}

const along = ([from, to]) =>
  Array.from({ length: 20 }, (_, i) => ({
    x: from.x + ((to.x - from.x) * i) / 19,
    y: from.y + ((to.y - from.y) * i) / 19,
  }));

const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
