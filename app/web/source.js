// The text of a file, piece by piece, so that memory does not grow with the file.

/** What is wrong with a file, as a sentence to show. */
export class FileError extends Error {}

/** The most characters of a line or of a field: one without an end is refused rather than held in memory. */
export const LONGEST = 2 ** 24;

const PIECE = 2 ** 14;
const GZIP = [0x1f, 0x8b];

/** Whether a file is gzipped, by its first bytes: some browsers unpack what they download, and keep its name. */
async function isGzipped(file) {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  return GZIP.every((byte, at) => start[at] === byte);
}

/** The bytes of a file in small pieces, each read when it is asked for; `advanced` takes how many have been given. */
function pieces(file, advanced) {
  const reader = file.stream().getReader();
  let rest = new Uint8Array();
  let position = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        if (!rest.length) rest = (await reader.read()).value ?? rest;
        if (!rest.length) return controller.close();
        const piece = rest.subarray(0, PIECE);
        rest = rest.subarray(PIECE);
        advanced((position += piece.length));
        return controller.enqueue(piece);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/**
 * Give the text of a file piece by piece, each read when it is asked for.
 *
 * @throws {FileError} It cannot be read, or is not UTF-8.
 */
export async function* textOf(file, advanced = () => {}) {
  let reader;
  let gzipped = false;
  try {
    gzipped = await isGzipped(file);
    if (gzipped && !("DecompressionStream" in globalThis)) {
      throw new FileError("This browser cannot unpack gzipped files; unpack it first.");
    }
    const bytes = pieces(file, advanced);
    reader = (gzipped ? bytes.pipeThrough(new DecompressionStream("gzip")) : bytes).getReader();
    // A byte order mark is kept: the file that is written begins with it too, so that spreadsheets read it as UTF-8.
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    for (;;) {
      const { done, value } = await reader.read();
      const text = decoded(decoder, value, file.name);
      if (text) yield text;
      if (done) return;
    }
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(broken(file.name, gzipped, error));
  } finally {
    reader?.cancel().catch(() => {});
  }
}

function decoded(decoder, bytes, name) {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
  } catch {
    const advice = "Save it in that encoding, which spreadsheets call “CSV UTF-8”.";
    throw new FileError(`“${name}” is not text in UTF-8. ${advice}`);
  }
}

function broken(name, gzipped, error) {
  if (gzipped && error instanceof TypeError) return `“${name}” is gzipped, but damaged or incomplete.`;
  return `“${name}” cannot be read any further. Was it changed, moved or deleted meanwhile?`;
}

/** Parts text into lines, in pieces of any size; a line ends in LF, CRLF or CR. */
export class LineParser {
  #rest = "";

  /** Take more text; return the lines that are complete with it. */
  push(text) {
    const all = this.#rest + text;
    // A CR at the end may be half of a CRLF.
    const kept = all.endsWith("\r") ? all.length - 1 : all.length;
    const lines = all.slice(0, kept).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() + all.slice(kept);
    if (this.#rest.length > LONGEST) throw new FileError("The file has a line that is too long to be a text.");
    return lines;
  }

  /** Return the last line, if it has no end. */
  end() {
    const line = this.#rest.replace(/\r$/, "");
    const lines = this.#rest ? [line] : [];
    this.#rest = "";
    return lines;
  }
}
