// CSV as RFC 4180 has it, and a little more, in pieces of any size: https://www.rfc-editor.org/rfc/rfc4180

import { FileError, LONGEST } from "./source.js";

/** Where the next character stands. */
const [START, BARE, QUOTED, CLOSED] = ["before a field", "in a field", "in quotes", "behind a quote in quotes"];

/**
 * Parts text into records: lists of fields. A field in quotes may hold delimiters, line breaks, and quotes, doubled;
 * a line ends in LF, CRLF or CR; a blank line is no record. What stands behind a closing quote belongs to the field.
 */
export class CsvParser {
  #delimiter;
  #special;
  #record = [];
  #field = "";
  #state = START;
  #afterReturn = false;
  #found = [];
  #number = 1;

  /** @param delimiter A character; without it, that which the first line has: a comma, or else a semicolon or a tab. */
  constructor(delimiter) {
    if (delimiter) this.#use(delimiter);
  }

  get delimiter() {
    return this.#delimiter;
  }

  #use(delimiter) {
    this.#delimiter = delimiter;
    this.#special = new RegExp(`[${delimiter}\r\n]`, "g");
  }

  /** Take more text; return the records that are complete with it. */
  push(text) {
    if (!this.#delimiter) this.#use(guessed(text));
    for (let at = 0; at < text.length; ) at = this.#step(text, at);
    return this.#taken();
  }

  /** Return the last record, if its line has no end. */
  end() {
    if (this.#state === QUOTED) throw new FileError(`Row ${this.#number} opens a quote that is never closed.`);
    if (this.#state !== START || this.#record.length) this.#endRecord();
    return this.#taken();
  }

  #taken() {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  /** Read some of the text, from a place on; return where to go on. */
  #step(text, at) {
    if (this.#state === QUOTED) return this.#quoted(text, at);
    const character = text[at];
    const isSecond = this.#afterReturn && character === "\n";
    this.#afterReturn = false;
    if (isSecond) return at + 1;
    if (character === '"' && (this.#state === START || this.#state === CLOSED)) {
      if (this.#state === CLOSED) this.#add('"');
      this.#state = QUOTED;
      return at + 1;
    }
    return this.#bare(text, at);
  }

  #quoted(text, at) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    this.#add(text.slice(at, end));
    if (quote >= 0) this.#state = CLOSED;
    return end + (quote >= 0);
  }

  #bare(text, at) {
    this.#special.lastIndex = at;
    const end = this.#special.exec(text)?.index ?? text.length;
    if (end > at) {
      this.#add(text.slice(at, end));
      this.#state = BARE;
    }
    if (end === text.length) return end;
    if (text[end] === this.#delimiter) {
      this.#endField();
      return end + 1;
    }
    this.#afterReturn = text[end] === "\r";
    if (this.#state !== START || this.#record.length) this.#endRecord();
    return end + 1;
  }

  #add(text) {
    this.#field += text;
    if (this.#field.length > LONGEST) {
      const hint = "which is what a quote left open looks like";
      throw new FileError(`Row ${this.#number} has a field that is too long, ${hint}.`);
    }
  }

  #endField() {
    this.#record.push(this.#field);
    this.#field = "";
    this.#state = START;
  }

  #endRecord() {
    this.#endField();
    this.#found.push(this.#record);
    this.#record = [];
    this.#number += 1;
  }
}

/** The delimiter of a file by its first line; spreadsheets write semicolons where the comma is for decimals. */
function guessed(text) {
  const [line] = text.replace(/"[^"]*"/g, "").split(/[\r\n]/, 1);
  return [",", ";", "\t"].find((one) => line.includes(one)) ?? ",";
}

/** A record as a line, quoted where that is needed. */
export function csvLine(fields, delimiter, ending) {
  const special = new RegExp(`["${delimiter}\r\n]`);
  const quoted = fields.map((field) => (special.test(field) ? `"${field.replaceAll('"', '""')}"` : field));
  // A lone empty field would be a blank line.
  return (quoted.length === 1 && !quoted[0] ? '""' : quoted.join(delimiter)) + ending;
}
