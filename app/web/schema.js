// What a JSON Schema says, for people.

import { element } from "./dom.js";
import { inline } from "./prose.js";

const LIMITS = {
  minimum: "at least",
  maximum: "at most",
  minLength: "length at least",
  maxLength: "length at most",
  minItems: "items at least",
  maxItems: "items at most",
};

/** Follow references to the schema itself. */
export function resolved(schema = {}, document) {
  if (!schema.$ref) return schema;
  return resolved(
    schema.$ref
      .split("/")
      .slice(1)
      .reduce((part, key) => part[key], document),
    document,
  );
}

/** The type in a few words: `list of string, length at least 1`. */
export function kind(schema, document) {
  const shape = resolved(schema, document);
  const alternatives = shape.anyOf ?? shape.oneOf;
  if (alternatives && !shape.type) return alternatives.map((one) => kind(one, document)).join(" or ");
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum) return shape.enum.map((value) => JSON.stringify(value)).join(" or ");
  const name = named(shape, document);
  const limits = Object.entries(LIMITS)
    .filter(([key]) => key in shape)
    .map(([key, words]) => `${words} ${shape[key]}`);
  return [name, ...limits].join(", ");
}

function named({ type = "any", items, additionalProperties }, document) {
  if (type === "array") return `list of ${kind(items, document)}`;
  return additionalProperties?.type ? `${type} of ${kind(additionalProperties, document)}` : type;
}

/** A field: its name, type and default, and what it is. */
export function field(name, schema, required, description, document, where = "") {
  const preset =
    schema.default === undefined || schema.default === null ? "" : `, by default ${JSON.stringify(schema.default)}`;
  return [
    element(
      "dt",
      {},
      element("code", {}, name),
      " ",
      element("span", { class: "soft" }, `${kind(schema, document)}${where}${required ? ", required" : preset}`),
    ),
    element("dd", {}, ...inline(description ?? schema.description)),
  ];
}

/** The fields of an object, and those of the objects in it, by their paths. */
export function fields(schema, document) {
  const rows = [];
  walk(schema, "", document, rows, 0);
  return rows.length ? [element("dl", { class: "fields" }, ...rows)] : [];
}

function walk(schema, prefix, document, rows, depth) {
  const shape = resolved(schema, document);
  if (depth > 4) return;
  if (shape.type === "array") {
    walk(shape.items, `${prefix}[].`.replace(".[]", "[]"), document, rows, depth + 1);
    return;
  }
  for (const one of shape.anyOf ?? []) walk(one, prefix, document, rows, depth + 1);
  for (const [name, inner] of Object.entries(shape.properties ?? {})) {
    const path = `${prefix}${name}`;
    if (rows.some((row) => row.dataset.path === path)) continue;
    const [term, about] = field(path, inner, shape.required?.includes(name), inner.description, document);
    term.dataset.path = path;
    rows.push(term, about);
    walk(inner, `${path}.`, document, rows, depth + 1);
  }
}
