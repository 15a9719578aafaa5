// The file that is written: in parts, which the browser keeps where it likes, on disk too.

const PART = 2 ** 20;

export class Result {
  #parts = [];
  #text = "";

  add(text) {
    this.#text += text;
    if (this.#text.length > PART) this.#flush();
  }

  #flush() {
    this.#parts.push(new Blob([this.#text]));
    this.#text = "";
  }

  blob() {
    this.#flush();
    return new Blob(this.#parts, { type: "application/octet-stream" });
  }
}

/** What to call the file that is written. */
export function resultName(name) {
  const bare = name.replace(/\.gz$/i, "");
  const dot = bare.lastIndexOf(".");
  return dot > 0 ? `${bare.slice(0, dot)}-classified${bare.slice(dot)}` : `${bare}-classified`;
}
