// The OpenAPI document as a page: operations by tag, their fields, examples, and a form to try each.

import { ask } from "./api.js";
import { byId, element, tell } from "./dom.js";
import { written } from "./media.js";
import { inline, paragraphs } from "./prose.js";
import { field, fields, resolved } from "./schema.js";
import { trial } from "./trial.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
/** The groups as the README has them, with what their paths begin with. Others are by their tag. */
const GROUPS = {
  "Ask it": /^\/sentiment/,
  "Which model": /^\/models/,
  "Say what was wrong": /^\/feedback/,
  "The steps one by one": /^\/(tokenize|pad|predict|activations)/,
  "Words as points": /^\/(vectors|analogies)/,
  Forecasts: /^\/forecasts/,
  "Clients that you have already": /^\/(hf|v1|v2)\b/,
  "Everything else": /^\/(health|metrics)/,
};

function parameters(operation, document) {
  const all = operation.parameters ?? [];
  if (!all.length) return [];
  const rows = all.map((one) =>
    field(one.name, one.schema, one.required, one.description, document, ` in the ${one.in}`),
  );
  return [element("h3", {}, "Parameters"), element("dl", { class: "fields" }, ...rows.flat())];
}

function media(content, document) {
  return Object.entries(content ?? {}).flatMap(([type, { schema, example }]) => {
    const shape = resolved(schema, document);
    const shown = example ?? shape.example ?? shape.examples?.[0];
    const text = written(type, shown);
    return [
      element("p", { class: "soft" }, element("code", {}, type)),
      ...fields(schema, document),
      ...(text
        ? [
            element(
              "pre",
              { tabindex: 0, role: "group", "aria-label": `Example of ${type}` },
              element("code", {}, text),
            ),
          ]
        : []),
    ];
  });
}

function answers(operation, document) {
  return Object.entries(operation.responses).map(([status, { description, content }]) =>
    element(
      "details",
      {},
      element("summary", {}, element("strong", {}, status), " ", ...inline(description)),
      ...media(content, document),
    ),
  );
}

function shown(path, method, operation, document) {
  const request = operation.requestBody?.content;
  const body = element("div");
  const node = element(
    "details",
    { class: "card operation", id: operation.operationId },
    element(
      "summary",
      {},
      element("span", { class: `method ${method}` }, method.toUpperCase()),
      " ",
      element("code", {}, path),
      " ",
      element("span", {}, operation.summary ?? ""),
    ),
    body,
  );
  // Made when it is first opened: the document is long, and most of it is not read.
  node.addEventListener("toggle", () => {
    if (!node.open || body.hasChildNodes()) return;
    body.append(
      ...paragraphs(operation.description),
      ...parameters(operation, document),
      ...(request ? [element("h3", {}, "Request"), ...media(request, document)] : []),
      element("h3", {}, "Answers"),
      ...answers(operation, document),
      element("h3", {}, "Try it"),
      trial(path, method, operation, document),
    );
  });
  return node;
}

function show(document) {
  byId("docs-about").replaceChildren(...paragraphs(document.info.description));
  const groups = new Map(Object.keys(GROUPS).map((name) => [name, []]));
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((one) => one in operations)) {
      const [tag = "other"] = operations[method].tags ?? [];
      const group = Object.keys(GROUPS).find((name) => GROUPS[name].test(path)) ?? tag;
      groups.set(group, [...(groups.get(group) ?? []), shown(path, method, operations[method], document)]);
    }
  }
  byId("docs-operations").replaceChildren(
    ...[...groups].flatMap(([name, nodes]) => (nodes.length ? [element("h2", {}, name), ...nodes] : [])),
  );
}

/** Open the operation that the address names. */
function open() {
  const named = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
  if (named instanceof HTMLDetailsElement) {
    named.open = true;
    named.scrollIntoView();
  }
}

try {
  show(await ask("openapi-full.json"));
  open();
  addEventListener("hashchange", open);
} catch (error) {
  tell(byId("docs-problem"), error);
}
