// The states of an LSTM as a map: a row for each unit, a column for each id that it reads.

import { axis, fitted } from "./chart.js";
import { columnAt, columns, LEFT, RIGHT } from "./columns.js";
import { element, svg } from "./dom.js";
import { signed } from "./numbers.js";

const TALLEST = 320;

/** The colours of −1, 0 and 1, as red, green and blue, which differ in the dark. */
function palette() {
  const style = getComputedStyle(document.documentElement);
  return ["--negative", "--card", "--positive"].map((name) => {
    const [red, green, blue] = style.getPropertyValue(name).trim().slice(1).match(/../g);
    return [red, green, blue].map((digits) => Number.parseInt(digits, 16));
  });
}

function colour(value, [negative, zero, positive]) {
  const end = value < 0 ? negative : positive;
  // The root shows weak states too: most are near 0.
  const share = Math.min(1, Math.sqrt(Math.abs(value)));
  return `rgb(${zero.map((from, at) => Math.round(from + (end[at] - from) * share)).join(" ")})`;
}

/**
 * Draw a map into an element. `states` is a list of one list a column, with a number a unit; `names` are those of the
 * columns; `chosen` is a unit, `windows` the columns where the memory is emptied; `choose` takes a unit that is clicked.
 */
export function heatMap(host, { title, states, names, chosen, windows, skipped, choose }) {
  const units = states[0].length;
  const height = Math.max(3, Math.floor(TALLEST / units)) * units;
  const canvas = element("canvas", { role: "img", "aria-label": title });
  const said = element("p", { class: "soft said" }, "Point at a cell to read it; click a row for its gates.");
  const labels = element("div", { "aria-hidden": "true" });
  host.replaceChildren(element("h3", {}, title), canvas, labels, said);

  function draw(width) {
    const scale = devicePixelRatio || 1;
    [canvas.width, canvas.height] = [width * scale, height * scale];
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    const { x, size } = columns(width, states.length);
    const colours = palette();
    const row = height / units;
    states.forEach((state, at) => {
      if (at < skipped) return;
      state.forEach((value, unit) => {
        context.fillStyle = colour(value, colours);
        context.fillRect(x(at) - size / 2, unit * row, Math.ceil(size), row);
      });
    });
    const style = getComputedStyle(host);
    context.strokeStyle = context.fillStyle = style.color;
    for (const at of windows.slice(1)) context.fillRect(x(at) - size / 2 - 0.5, 0, 1, height);
    context.lineWidth = 1.5;
    context.strokeRect(x(0) - size / 2 - 1, chosen * row - 1, x(states.length - 1) - x(0) + size + 2, row + 2);
    context.font = `12px ${style.fontFamily}`;
    context.textAlign = "right";
    for (const unit of [0, units - 1]) context.fillText(`${unit}`, LEFT - size / 2 - 8, unit ? height - 2 : 10);
    const below = axis(names.map((label, at) => ({ label, x: at })), width - LEFT - RIGHT);
    labels.replaceChildren(svg("svg", { width, height: below.height }, ...below.draw(x, 0)));
  }

  const unitAt = ({ offsetY }) => Math.max(0, Math.min(units - 1, Math.floor((offsetY / height) * units)));
  canvas.addEventListener("pointermove", (event) => {
    const at = columnAt(event.offsetX, canvas.clientWidth, states.length);
    const unit = unitAt(event);
    said.textContent = `Unit ${unit} after “${names[at]}”: ${at < skipped ? "not read" : signed(states[at][unit])}`;
  });
  canvas.addEventListener("click", (event) => choose(unitAt(event)));
  fitted(canvas, draw);
}
