// Words as points of a plane, with arrows between some of them: to be moved, zoomed and chosen from.

import { asTable, fitted } from "./chart.js";
import { element, svg } from "./dom.js";
import { labels } from "./plane_labels.js";

const MARGIN = 40;
const ZOOM = 1.4;
const MOST = 40;
const RADIUS = 4;

let number = 0;

/** Draw points, `{ word, coordinates }`, and arrows, pairs of words; `choose` takes a word that is clicked. */
export function plane(host, { title, points, arrows, choose }) {
  const frame = element("div");
  const view = { zoom: 1, x: 0, y: 0 };
  let width = 0;
  const again = () => width && frame.replaceChildren(draw({ title, points, arrows, choose }, view, width, again));
  const zoomed = (times) => () => (zoom(view, times), again());
  const reset = () => (Object.assign(view, { zoom: 1, x: 0, y: 0 }), again());
  const button = (name, text, onclick) => element("button", { type: "button", class: "chip", "aria-label": name, onclick }, text);
  const buttons = [button("Zoom in", "+", zoomed(ZOOM)), button("Zoom out", "−", zoomed(1 / ZOOM)), button("Show all", "All", reset)];
  const rows = points.map(({ word, coordinates }) => [word, ...coordinates]);
  host.replaceChildren(
    element("div", { class: "row" }, ...buttons),
    frame,
    asTable(title, ["Word", "First axis", "Second axis"], rows),
  );
  fitted(frame, (now) => ((width = now), again()));
}

function zoom(view, times) {
  const now = Math.min(MOST, Math.max(1, view.zoom * times));
  view.x *= now / view.zoom;
  view.y *= now / view.zoom;
  view.zoom = now;
}

function draw({ title, points, arrows, choose }, view, width, again) {
  const height = Math.round(Math.min(420, Math.max(280, width * 0.6)));
  const spread = (axis) => {
    const values = points.map(({ coordinates }) => coordinates[axis]);
    return [Math.min(...values), Math.max(...values)];
  };
  const [[left, right], [bottom, top]] = [spread(0), spread(1)];
  // One scale for both axes: lengths and angles are what the picture is about.
  const fit = Math.min((width - 2 * MARGIN) / (right - left || 1), (height - 2 * MARGIN) / (top - bottom || 1));
  const placed = points.map(({ word, coordinates: [x, y] }) => ({
    word,
    x: width / 2 + view.x + (x - (left + right) / 2) * fit * view.zoom,
    y: height / 2 + view.y - (y - (bottom + top) / 2) * fit * view.zoom,
  }));
  const seen = placed.filter(({ x, y }) => x >= 0 && x <= width && y >= 0 && y <= height);
  const at = new Map(placed.map((point) => [point.word, point]));
  const drawn = arrows.filter(([from, to]) => from !== to && at.has(from) && at.has(to));
  const ends = drawn.map(([from, to]) => [at.get(from), at.get(to)]);
  const about = drawn.map(([from, to]) => `An arrow from ${from} to ${to}.`).join(" ");
  const texts = labels(seen, ends, width, height);
  number += 1;
  const node = svg(
    "svg",
    { width, height, class: "movable", role: "group", "aria-label": title, "aria-describedby": `plane-${number}` },
    svg("desc", { id: `plane-${number}` }, about),
    ...ends.map(([from, to]) => arrow(from, to)),
    ...seen.map((point, i) => spot(point, texts[i], choose)),
  );
  movable(node, view, again);
  return node;
}

/** A word: its point, and its label, which is hidden where there is no room for it but while one points at it. */
function spot({ word, x, y }, label, choose) {
  const chosen = () => choose(word);
  const pressed = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    chosen();
  };
  return svg(
    "g",
    {
      class: label.isFree ? "spot" : "spot crowded",
      tabindex: 0,
      role: "button",
      "aria-label": `${word}: its neighbours`,
      onclick: chosen,
      onkeydown: pressed,
    },
    svg("circle", { class: "point", cx: x, cy: y, r: RADIUS }),
    svg("text", { class: "name", x: label.x, y: label.y, "text-anchor": "middle" }, word),
  );
}

function movable(node, view, again) {
  node.addEventListener(
    "wheel",
    (event) => {
      const before = view.zoom;
      zoom(view, event.deltaY < 0 ? ZOOM : 1 / ZOOM);
      // Where there is nothing to zoom, the wheel scrolls the page; with Ctrl it would zoom the whole page.
      if (view.zoom === before && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      again();
    },
    { passive: false },
  );
  node.addEventListener("pointerdown", (event) => {
    let [fromX, fromY] = [event.clientX, event.clientY];
    const leaving = new AbortController();
    const { signal } = leaving;
    const move = ({ clientX, clientY }) => {
      const [x, y] = [clientX - fromX, clientY - fromY];
      if (Math.hypot(x, y) < RADIUS) return; // a click
      view.x += x;
      view.y += y;
      [fromX, fromY] = [clientX, clientY];
      again();
    };
    addEventListener("pointermove", move, { signal });
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => leaving.abort(), { signal });
  });
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
