// `code` and *emphasis*: all the Markdown that the OpenAPI document uses.

import { element } from "./dom.js";

/** A line of text as nodes. */
export function inline(text = "") {
  return text.split(/(`[^`]+`|\*[^*\s][^*]*\*)/).map((part) => {
    if (part.length > 2 && part.startsWith("`")) return element("code", {}, part.slice(1, -1));
    if (part.length > 2 && part.startsWith("*")) return element("em", {}, part.slice(1, -1));
    return part;
  });
}

/** A text as paragraphs. */
export function paragraphs(text = "") {
  return text.split(/\n\s*\n/).map((paragraph) => element("p", {}, ...inline(paragraph)));
}
