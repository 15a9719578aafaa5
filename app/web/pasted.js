// Numbers as spreadsheets put them on the clipboard: a line a row, tabs between cells, commas for points in half of the
// world, often below a row of names.

const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i;

const number = (cell) => (NUMBER.test(cell) ? Number(cell.replace(",", ".")) : Number.NaN);
const isNumbers = (row) => row.every((value) => !Number.isNaN(value));

/** The rows of numbers of a table of two rows or more, or nothing if it is something else. */
export function table(text) {
  const lines = text.trimEnd().split(/\r\n|\n|\r/);
  const rows = lines.map((line) => line.split("\t").map((cell) => number(cell.trim().replace(/^"|"$/g, ""))));
  const below = isNumbers(rows[0]) ? rows : rows.slice(1);
  const isTable = below.length > 1 && below.every((row) => row.length === rows[0].length && isNumbers(row));
  return isTable ? below : null;
}

/**
 * Put a table in the place of observations: a whole one, or a column at the place of one of theirs. The last rows go
 * together; where there are more numbers than rows, the first row is repeated. Nothing, if it has another width.
 */
export function placed(table, observations, width, column) {
  if (table[0].length === width) return table;
  if (table[0].length !== 1) return null;
  const first = table.length - observations.length;
  return table.map(([value], at) => {
    const row = observations[Math.max(0, at - first)] ?? Array(width).fill(0);
    return row.map((kept, place) => (place === column ? value : kept));
  });
}
