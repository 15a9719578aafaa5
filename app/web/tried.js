// The texts that were tried, as a small table, to be downloaded as CSV.

import { csvLine } from "./csv.js";
import { byId, table } from "./dom.js";
import { FIRST } from "./draft.js";
import { percent } from "./numbers.js";

const MOST = 200;
const SHOWN = 80;
const SETTLED = 1200;

const rows = [];
let timer;

const place = (name) => byId(`tried-${name}`);
const shortened = (text) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** Keep an answer, if the text stays as it is for a moment, and is somebody's own. */
export function tried(text, answer) {
  clearTimeout(timer);
  if (text === FIRST) return;
  timer = setTimeout(() => keep(text, answer), SETTLED);
}

/** Keep no answer of a text that is being changed. */
export const untried = () => clearTimeout(timer);

function keep(text, { model, label, score, warnings }) {
  const same = rows.findIndex((row) => row.text === text && row.model === model);
  if (same >= 0) rows.splice(same, 1);
  rows.unshift({ text, model, label, score, warnings: warnings.join(",") });
  rows.splice(MOST);
  show();
}

function show() {
  byId("tried").hidden = !rows.length;
  const shown = rows.map(({ text, model, label, score }) => [shortened(text), model, label, percent(score)]);
  place("table").replaceChildren(table("The last one first", ["Text", "Model", "Label", "Score"], shown));
}

/** A cell that no spreadsheet takes for a formula. */
const harmless = (cell) => (/^[=+@-]/.test(cell) ? `'${cell}` : cell);

function save({ currentTarget: node }) {
  const names = ["text", "model", "label", "score", "warnings"];
  const lines = [names, ...rows.map((row) => names.map((name) => harmless(String(row[name]))))];
  const content = lines.map((cells) => csvLine(cells, ",", "\r\n")).join("");
  URL.revokeObjectURL(node.href);
  node.href = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
}

/** Connect the table. */
export function triedTexts() {
  place("download").addEventListener("click", save);
  place("clear").addEventListener("click", () => {
    rows.length = 0;
    show();
  });
}
