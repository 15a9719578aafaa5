// How far a file is classified, for those who see it and for those who hear it.

import { byId, element } from "./dom.js";
import { tone } from "./labels.js";
import { count, percent, plural } from "./numbers.js";
import { bar } from "./verdict.js";

const SPOKEN = 10;

const place = (name) => byId(`file-${name}`);
const whole = (seconds) =>
  seconds < 90 ? plural(Math.ceil(seconds), "second") : plural(Math.round(seconds / 60), "minute");

/** What has been done since it was begun. */
export class Progress {
  rows = 0;
  errors = 0;
  #labels;
  #size;
  #begun = performance.now();
  #spoken = this.#begun;

  /** Show that nothing is done yet, of a file of some bytes; the rows get one of the labels each. */
  constructor(size, labels) {
    this.#size = size;
    this.#labels = new Map(labels.map((label) => [label, 0]));
    place("bar").max = size || 1;
    this.#show(0);
    place("rate").textContent = "";
    this.say("Begun.");
  }

  /** Count answers, and show them; `position` is how many bytes they were read from. */
  add(answers, position) {
    this.rows += answers.length;
    for (const { label, error } of answers) {
      if (error) this.errors += 1;
      else this.#labels.set(label, (this.#labels.get(label) ?? 0) + 1);
    }
    this.#show(position);
    const seconds = this.#seconds();
    const left = (seconds / position) * (this.#size - position);
    const isTelling = seconds > 2 && left > 1;
    place("rate").textContent = `${this.#rate()}.${isTelling ? ` About ${whole(left)} left.` : ""}`;
    if (performance.now() - this.#spoken < 1000 * SPOKEN) return;
    this.say(`${percent(position / this.#size)}, ${this.done()}.`);
  }

  /** Show that nothing happens until the service has room. */
  wait(seconds, error) {
    place("rate").textContent = `${error.message} It is asked again in ${plural(Math.ceil(seconds), "second")}.`;
  }

  /** Say how it ended. */
  end(sentence, isComplete) {
    if (isComplete) place("bar").value = place("bar").max;
    place("rate").textContent = `${sentence} ${this.#rate()}, in ${whole(this.#seconds())}.`;
    this.say(`${sentence} ${this.done()}.`);
  }

  done() {
    const labels = [...this.#labels].map(([label, rows]) => `${count(rows)} ${label}`);
    return [plural(this.rows, "row"), ...labels, plural(this.errors, "error")].join(", ");
  }

  /** Have it read out; most of what is shown changes too often for that. */
  say(sentence) {
    this.#spoken = performance.now();
    place("said").textContent = sentence;
  }

  #seconds() {
    return (performance.now() - this.#begun) / 1000;
  }

  #rate() {
    return `${count(Math.round(this.rows / Math.max(0.001, this.#seconds())))} rows a second`;
  }

  #show(position) {
    place("bar").value = position;
    place("rows").textContent = `${plural(this.rows, "row")}, ${plural(this.errors, "error")}`;
    const counted = [...this.#labels, ["error", this.errors]].filter(([, rows]) => rows);
    const shares = counted.map(([label, rows]) => {
      const part = element("div", { class: label === "error" ? "error" : tone(label) });
      part.style.setProperty("--share", rows);
      return part;
    });
    place("shares").replaceChildren(...shares);
    const items = counted.map(([label, rows]) =>
      bar(label, rows / this.rows, `${count(rows)} (${percent(rows / this.rows)})`, label === "error" ? "error" : tone(label)),
    );
    place("tally").replaceChildren(...items);
  }
}
