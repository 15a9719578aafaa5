// A request as code for other programs: as it stands, or with its body in a file where that is long.

import { address } from "./api.js";
import { copied } from "./clipboard.js";
import { element } from "./dom.js";
import { hasKey } from "./keys.js";

/** The file that holds a long body. Linux takes arguments of up to 128 KiB, and people read less. */
const FILE = "request.json";
const LONGEST = 12_000;

const isLong = (json) => json.length > LONGEST;

/**
 * The command that sends a body, for a shell: within single quotes only a single quote needs care. A key is named and
 * not shown.
 */
export function curl(path, json) {
  const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const key = hasKey() ? ' -H "Authorization: Bearer $API_KEY"' : "";
  const body = isLong(json) ? `--data-binary @${FILE}` : `-d ${quoted(json)}`;
  return `curl ${quoted(address(path))}${key} -H 'Content-Type: application/json' ${body}`;
}

/** The same for JavaScript. */
export function fetchCall(path, json) {
  const key = hasKey() ? ", Authorization: `Bearer ${apiKey}`" : "";
  const before = isLong(json) ? `const { readFile } = await import("node:fs/promises");\n` : "";
  const body = isLong(json) ? `await readFile("${FILE}")` : `JSON.stringify(${json})`;
  return [
    `${before}const response = await fetch(${JSON.stringify(address(path))}, {`,
    '  method: "POST",',
    `  headers: { "Content-Type": "application/json"${key} },`,
    `  body: ${body},`,
    "});",
    "const answer = await response.json();",
  ].join("\n");
}

/** The same for Python, with nothing but what comes with it. Its strings have the escapes of JSON's. */
export function python(path, json) {
  const key = hasKey() ? ', "Authorization": f"Bearer {os.environ[\'API_KEY\']}"' : "";
  const body = isLong(json) ? `open("${FILE}", "rb").read()` : `json.dumps(${literal(JSON.parse(json))}).encode()`;
  return [
    "import json",
    ...(key ? ["import os"] : []),
    "from urllib.request import Request, urlopen",
    "",
    `headers = {"Content-Type": "application/json"${key}}`,
    `request = Request(${JSON.stringify(address(path))}, ${body}, headers)`,
    "answer = json.load(urlopen(request))",
  ].join("\n");
}

function literal(body) {
  const pairs = Object.entries(body).map(([name, value]) => `"${name}": ${constant(value) ?? JSON.stringify(value)}`);
  return `{${pairs.join(", ")}}`;
}

/** What Python calls otherwise than JSON: a text that only reads like it is none of these. */
function constant(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
}

/** The snippets of a request, and the file that they read if the body is long. */
export function snippets(path, body) {
  const json = JSON.stringify(body);
  const nodes = [
    snippet("curl", curl(path, json)),
    snippet("fetch", fetchCall(path, json)),
    snippet("Python", python(path, json)),
  ];
  return isLong(json) ? [fileOf(json), ...nodes] : nodes;
}

function fileOf(json) {
  const save = ({ currentTarget: node }) => {
    URL.revokeObjectURL(node.href);
    node.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  };
  const kept = element("a", { href: "#snippets", download: FILE, onclick: save }, `Download ${FILE}`);
  return element("p", { class: "whole" }, "The text is long, so that it goes into a file that each of these sends. ", kept);
}

/** A block of code with a button that copies it. */
export function snippet(name, code) {
  const block = element("pre", { tabindex: 0, role: "group", "aria-label": name }, element("code", {}, code));
  const said = element("span", { role: "status", class: "soft" });
  const copy = async () => {
    said.textContent = "";
    said.textContent = (await copied(code, block)) ? "Copied." : "Selected; copy it with the keyboard.";
  };
  return element(
    "div",
    {},
    element(
      "div",
      { class: "row" },
      element("h3", {}, name),
      said,
      element("button", { type: "button", class: "chip right", onclick: copy, "aria-label": `Copy ${name}` }, "Copy"),
    ),
    block,
  );
}
