// A whole file: chosen, looked at, classified block by block, and offered with the answers in it.

import { go } from "./address.js";
import { byId, choices, element, table as tableOf, tell } from "./dom.js";
import { drops } from "./drops.js";
import { chosenModel } from "./models.js";
import { count, percent, plural } from "./numbers.js";

const UNDERWAY = 3;
const CELL = 160;
const STOPPED = new Error("Stopped.");

/** What reads a file, sends it in blocks and writes the result; loaded when the first file is chosen. */
const work = async () =>
  Object.assign(
    {},
    ...(await Promise.all(["batches", "progress", "result", "tables"].map((name) => import(`./${name}.js`)))),
  );

const place = (name) => byId(`file-${name}`);

let table = null;
let opening = null;
let running = null;

const shortened = (text) => (text.length > CELL ? `${text.slice(0, CELL)}…` : text);
const column = () => Number(place("column").value);

/** Show the first rows, and what is known of them. */
function preview(found = []) {
  const head = ["Row", ...(table.columns.length ? table.columns : ["Text"]), ...(found.length ? ["Answer"] : [])];
  const answer = ({ label, score, error }) => error ?? `${label}, ${percent(score)}`;
  const rows = table.preview.map((cells, row) => [
    count(row + 1),
    ...head.slice(1, found.length ? -1 : undefined).map((_, at) => shortened(cells[at] ?? "")),
    ...(found.length ? [found[row] ? answer(found[row]) : ""] : []),
  ]);
  const node = tableOf(`The first ${plural(rows.length, "row")}`, head, rows);
  for (const row of node.rows) row.cells[column() + 1].classList.add("chosen");
  place("preview").replaceChildren(node);
}

/** Offer the labels of the model to choose from, where there are more than two. */
async function offerLabels() {
  const { labels } = await chosenModel(byId("sentiment-model"));
  place("labels").hidden = labels.length < 3;
  place("labels").replaceChildren(
    element("legend", {}, "Labels"),
    ...labels.map((value) =>
      element("label", {}, element("input", { type: "checkbox", value, checked: true }), ` ${value}`),
    ),
  );
}

/** The model and the labels that are chosen, as the service takes them. */
async function choice() {
  const { name: model, labels } = await chosenModel(byId("sentiment-model"));
  const checked = [...place("labels").querySelectorAll(":checked")].map(({ value }) => value);
  if (labels.length < 3 || checked.length === labels.length) return { labels, asked: { model } };
  if (checked.length < 2) throw new Error("Choose two labels or more.");
  return { labels: checked, asked: { model, labels: checked } };
}

function withdraw() {
  URL.revokeObjectURL(place("download").href);
  place("download").removeAttribute("href");
  place("download").hidden = true;
}

async function choose(files) {
  if (running || !files.length) return;
  const mine = (opening = {});
  withdraw();
  table = null;
  for (const name of ["chosen", "progress"]) place(name).hidden = true;
  place("said").textContent = "";
  try {
    if (files.length > 1) throw new Error("These are several files; choose one at a time.");
    const { opened } = await work();
    const [found] = await Promise.all([opened(files[0]), offerLabels()]);
    if (opening !== mine) return;
    table = found;
    show();
    tell(place("problem"), null);
  } catch (error) {
    if (opening === mine) tell(place("problem"), error);
  }
}

function show() {
  const { columns, file, likeliest } = table;
  choices(
    place("column"),
    columns.map((label, value) => ({ value: String(value), label })),
  );
  place("column").value = String(likeliest);
  place("columns").hidden = columns.length < 2;
  place("name").textContent = `${file.name}, ${plural(file.size, "byte")}`;
  preview();
  place("chosen").hidden = false;
}

/** Let what may not change meanwhile be changed or not. */
function busy(isBusy) {
  const hadFocus = [place("start"), place("stop")].includes(document.activeElement);
  for (const name of ["input", "column", "labels"]) place(name).disabled = isBusy;
  place("start").hidden = isBusy;
  place("stop").hidden = !isBusy;
  const next = isBusy ? "stop" : place("download").hidden ? "start" : "download";
  if (hadFocus) place(next).focus();
}

function offer(result, name, rows, isComplete) {
  const node = place("download");
  node.href = URL.createObjectURL(result.blob());
  node.download = name;
  node.textContent = `Download ${node.download}${isComplete ? "" : ` with the ${plural(rows, "row")} that are done`}`;
  node.hidden = false;
}

async function run() {
  if (running) return;
  running = new AbortController();
  const { signal } = running;
  withdraw();
  tell(place("problem"), null);
  busy(true);
  let progress = null;
  let result = null;
  let name = null;
  let isComplete = false;
  try {
    const { Progress, Result, resultName } = await work();
    const { labels, asked } = await choice();
    result = new Result();
    name = resultName(table.file.name);
    progress = new Progress(table.file.size, labels);
    place("progress").hidden = false;
    await classify(asked, progress, result, signal);
    isComplete = true;
  } catch (error) {
    if (!signal.aborted) tell(place("problem"), error);
  }
  running.abort(); // what is still under way
  running = null;
  if (progress) {
    progress.end(isComplete ? "Done." : signal.reason === STOPPED ? STOPPED.message : "Ended early.", isComplete);
    if (progress.rows) offer(result, name, progress.rows, isComplete);
  }
  busy(false);
}

async function classify(choice, progress, result, signal) {
  const { answers, blocks, inOrder } = await work();
  let read = 0;
  const rows = table.rows(column(), (position) => (read = position));
  const question = { choice, signal, waits: (seconds, error) => progress.wait(seconds, error) };
  const send = async (block) => {
    const position = read;
    return { found: await answers(block, question), position };
  };
  result.add(table.head());
  for await (const [block, { found, position }] of inOrder(blocks(rows), send, UNDERWAY)) {
    signal.throwIfAborted();
    result.add(block.map((row, at) => table.line(row, found[at])).join(""));
    if (!progress.rows) preview(found);
    progress.add(found, position);
  }
}

/** Connect what classifies a file. */
export function files() {
  const drop = (dropped) => {
    place("input").value = "";
    go("sentiment");
    byId("file").scrollIntoView();
    choose(dropped);
  };
  drops(document.documentElement, document.body, () => !running, drop);
  // A file that was mended and is chosen again is a change too.
  place("input").addEventListener("click", () => (place("input").value = ""));
  place("input").addEventListener("change", () => choose([...place("input").files]));
  place("column").addEventListener("change", () => preview());
  byId("sentiment-model").addEventListener("change", () => table && offerLabels());
  place("form").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  place("stop").addEventListener("click", () => running?.abort(STOPPED));
  addEventListener("beforeunload", (event) => running && event.preventDefault());
}
