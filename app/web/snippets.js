import { address } from "./api.js";
import { element } from "./dom.js";
import { hasKey } from "./keys.js";

/**
 * The command that sends a body, for a shell: within single quotes only a single quote needs care. A key is named and
 * not shown.
 */
export function curl(path, body) {
  const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const key = hasKey() ? ' -H "Authorization: Bearer $API_KEY"' : "";
  return `curl ${quoted(address(path))}${key} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`;
}

/** The same for JavaScript. */
export function fetchCall(path, body) {
  const key = hasKey() ? ", Authorization: `Bearer ${apiKey}`" : "";
  return `const response = await fetch(${JSON.stringify(address(path))}, {
  method: "POST",
  headers: { "Content-Type": "application/json"${key} },
  body: JSON.stringify(${JSON.stringify(body)}),
});
const answer = await response.json();`;
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

async function copied(code, block) {
  try {
    await navigator.clipboard.writeText(code);
    return true;
  } catch {
    // A page that came over plain HTTP from another machine has no clipboard.
    getSelection().selectAllChildren(block);
    return document.execCommand("copy");
  }
}
