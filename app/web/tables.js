// Files with a text in each row: read row by row, and written again with the answers added.

import { CsvParser, csvLine } from "./csv.js";
import { FileError, LineParser, textOf } from "./source.js";

const SHOWN = 10;
const MARK = "\ufeff";
const ADDED = ["label", "score", "warnings", "error"];

/** What columns of texts are called, the likeliest first. */
const TEXTS = ["text", "review", "comment", "sentence", "message", "feedback", "tweet", "body", "content", "title"];

/** A name that is not taken yet. */
const free = (name, taken) => (taken.includes(name) ? free(`predicted_${name}`, taken) : name);

/** The column that most likely holds the texts: by its name, or else by how long its cells are. */
function likeliest(columns, rows) {
  const names = columns.map((name) => name.trim().toLowerCase());
  const tests = [(name, text) => name === text, (name, text) => name.includes(text)];
  for (const test of tests) {
    for (const text of TEXTS) {
      const found = names.findIndex((name) => test(name, text));
      if (found >= 0) return found;
    }
  }
  const lengths = columns.map((_, at) => rows.reduce((sum, row) => sum + (row[at]?.length ?? 0), 0));
  return lengths.indexOf(Math.max(...lengths));
}

/**
 * A file, as it is to be classified.
 *
 * `columns` are the names of its columns, of which `likeliest` may hold the texts; there are none where a row is
 * nothing but a text. `preview` are the cells of the first rows.
 */
class Table {
  columns = [];
  likeliest = 0;
  preview = [];
  mark = "";
  ending = "\n";

  constructor(file) {
    this.file = file;
  }

  /** Read the first rows. */
  async open() {
    const first = [];
    for await (const records of this.records()) {
      first.push(...records);
      if (first.length > SHOWN) break;
    }
    if (!first.length) throw new FileError(`“${this.file.name}” is empty.`);
    this.look(first.slice(0, SHOWN + 1));
    return this;
  }

  /** Give the records of the file as they are read, some at a time. */
  async *records(advanced) {
    const parser = this.parser();
    let isFirst = true;
    for await (const text of textOf(this.file, advanced)) {
      yield parser.push(isFirst ? this.begun(text) : text);
      isFirst = false;
    }
    yield parser.end();
  }

  /** See how the file begins; return what is behind a byte order mark. */
  begun(text) {
    this.mark = text.startsWith(MARK) ? MARK : "";
    this.ending = /\r\n|\n|\r/.exec(text)?.[0] ?? "\n";
    return text.slice(this.mark.length);
  }

  /** Give the rows as they are read: each with its text, or with an error. */
  async *rows(column, advanced) {
    for await (const records of this.records(advanced)) for (const record of records) yield this.row(record, column);
  }

  /** What the written file begins with. */
  head() {
    return "";
  }
}

class CsvTable extends Table {
  parser() {
    this.csv = new CsvParser(this.delimiter);
    return this.csv;
  }

  look([header, ...rows]) {
    if (!header.some((name) => name.trim())) {
      throw new FileError(`“${this.file.name}” has no header: its first row should name the columns.`);
    }
    if (!rows.length) throw new FileError(`“${this.file.name}” has a row of column names, and none below it.`);
    this.delimiter = this.csv.delimiter;
    this.header = header;
    this.columns = header.map((name, at) => name.trim() || `Column ${at + 1}`);
    this.likeliest = likeliest(this.columns, rows);
    this.preview = rows;
  }

  async *rows(column, advanced) {
    let isHeader = true;
    for await (const row of super.rows(column, advanced)) {
      if (!isHeader) yield row;
      isHeader = false;
    }
  }

  row(record, column) {
    const { length } = this.header;
    if (record.length === length) return { record, text: record[column] };
    const fitted = this.header.map((_, at) => record[at] ?? "");
    return { record: fitted, error: `The row has ${record.length} fields, the header ${length}.` };
  }

  head() {
    const names = ADDED.map((name) => free(name, this.header));
    return this.mark + csvLine([...this.header, ...names], this.delimiter, this.ending);
  }

  line({ record }, { label = "", score = "", warnings = [], error = "" }) {
    return csvLine([...record, label, String(score), warnings.join(","), error], this.delimiter, this.ending);
  }
}

class TsvTable extends CsvTable {
  delimiter = "\t";
}

class LinesTable extends Table {
  parser() {
    return new LineParser();
  }
}

class JsonTable extends LinesTable {
  async *records(advanced) {
    for await (const lines of super.records(advanced)) yield lines.filter((line) => line.trim());
  }

  look(lines) {
    const values = lines.slice(0, SHOWN).map(parsed);
    if (values.every((value) => value === undefined)) {
      throw new FileError(`“${this.file.name}” is not JSON Lines: there should be an object in each line.`);
    }
    const objects = values.filter(isObject);
    this.fields = [...new Set(objects.flatMap(Object.keys))];
    const ofTexts = this.fields.filter((name) => objects.some((one) => typeof one[name] === "string"));
    this.columns = ofTexts.length ? ofTexts : this.fields;
    const cells = (value) => this.columns.map((name) => cell(value?.[name]));
    this.preview = values.map((value) => (isObject(value) ? cells(value) : [cell(value)]));
    this.likeliest = this.columns.length ? likeliest(this.columns, this.preview) : 0;
  }

  row(line, column) {
    const value = parsed(line);
    const record = { line: line.trim(), value };
    if (value === undefined) return { record, error: "The line is not JSON." };
    const name = this.columns[column] ?? "text";
    if (isObject(value) && !Object.hasOwn(value, name)) {
      return { record, error: `The object has no field “${name}”.` };
    }
    const text = isObject(value) ? value[name] : value;
    // Half a character, which JSON can hold and UTF-8 cannot.
    if (typeof text === "string") return { record, text: text.replace(/\p{Surrogate}/gu, "\ufffd") };
    return { record, error: text === null ? "The text is empty." : "The text is not a string." };
  }

  /** The line as it was, so that no number in it loses a digit, with further fields. */
  line({ record: { line, value } }, { label = null, score = null, warnings = [], error = null }) {
    const taken = [...this.fields, ...(isObject(value) ? Object.keys(value) : [])];
    const cells = Object.entries({ label, score, warnings, error });
    const fields = cells.map(([name, found]) => `${JSON.stringify(free(name, taken))}:${JSON.stringify(found)}`).join();
    const name = typeof value === "string" ? "text" : "line";
    const before = isObject(value) ? line.slice(0, -1).trimEnd() : `{"${name}":${JSON.stringify(value ?? line)}`;
    return `${before}${before === "{" ? "" : ","}${fields}}${this.ending}`;
  }
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const cell = (value) => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

class TextTable extends LinesTable {
  look(lines) {
    this.preview = lines.slice(0, SHOWN).map((line) => [line]);
  }

  row(line) {
    return { record: line, text: line };
  }

  line(_, { label, score, warnings, error }) {
    if (error) return `error: ${error}${this.ending}`;
    const codes = warnings.length ? ` ${warnings.join()}` : "";
    return `${label} ${score.toFixed(4)}${codes}${this.ending}`;
  }
}

const TABLES = { csv: CsvTable, tsv: TsvTable, jsonl: JsonTable, ndjson: JsonTable, txt: TextTable };
const TYPES = { "text/csv": "csv", "text/tab-separated-values": "tsv", "text/plain": "txt" };

/** Open a file, by the ending of its name or else by its type, and read its first rows. */
export async function opened(file) {
  const ending = /\.([^.]*?)(\.gz)?$/i.exec(file.name)?.[1].toLowerCase();
  const Kind = Object.hasOwn(TABLES, ending ?? "") ? TABLES[ending] : TABLES[TYPES[file.type]];
  if (Kind) return new Kind(file).open();
  const advice = ending === "parquet" ? " The command line reads Parquet: python -m app classify." : "";
  const formats = "Its name should end in .csv, .tsv, .jsonl or .txt, or in one of them and .gz.";
  throw new FileError(`“${file.name}” is of no format that is read here. ${formats}${advice}`);
}
