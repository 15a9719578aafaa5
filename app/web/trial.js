// A form that sends a request to the service, in the media type that is chosen, and shows what comes back.

import { address } from "./api.js";
import { copied } from "./clipboard.js";
import { choices, element } from "./dom.js";
import { authorized, hasKey } from "./keys.js";
import { curlOf, isMultipart, written } from "./media.js";
import { resolved } from "./schema.js";

/** What the example of a file is called. */
const EXAMPLE = "rows.csv";

let number = 0;

function labelled(name, control) {
  number += 1;
  control.id = `trial-${number}`;
  return element("p", {}, element("label", { for: control.id }, name), " ", control);
}

/** What sends a body of a media type: its fields, and a function that gives the body. */
function editor(type, content, document) {
  const schema = resolved(content.schema, document);
  const example = content.example ?? schema.example ?? schema.examples?.[0];
  if (isMultipart(type)) return parts(schema, example ?? {});
  if (schema.format === "binary" || type.includes("parquet")) {
    const file = element("input", { type: "file" });
    return { nodes: [labelled("File", file)], body: () => file.files[0] ?? "", curl: () => ["--data-binary", "@FILE"] };
  }
  const area = element("textarea", { rows: 6, class: "numbers", spellcheck: "false" }, written(type, example));
  return { nodes: [labelled("Body", area)], body: () => area.value, curl: () => ["--data-raw", area.value] };
}

/** The fields of a form that may hold a file. */
function parts(schema, example) {
  const inputs = Object.entries(schema.properties ?? {}).map(([name, one]) => {
    const isFile = one.format === "binary" || one.contentMediaType !== undefined;
    const shown = isFile ? { type: "file" } : { class: "wide", value: example[name] ?? "" };
    return [name, element("input", shown), isFile];
  });
  const form = () => {
    const data = new FormData();
    for (const [name, input, isFile] of inputs) {
      if (isFile && input.files[0]) data.append(name, input.files[0]);
      else if (!isFile && input.value) data.append(name, input.value);
      else if (isFile) data.append(name, new File([example[name]], EXAMPLE));
    }
    return data;
  };
  const curl = () =>
    inputs.flatMap(([name, input, isFile]) =>
      isFile ? ["-F", `${name}=@${input.files[0]?.name ?? EXAMPLE}`] : input.value ? ["--form-string", `${name}=${input.value}`] : [],
    );
  return { nodes: inputs.map(([name, input]) => labelled(name, input)), body: form, curl };
}

/** A form for an operation, filled with its examples. */
export function trial(path, method, operation, document) {
  const inputs = (operation.parameters ?? []).map((one) => {
    const example = String(one.example ?? one.schema.examples?.[0] ?? one.schema.default ?? "");
    // What may be left out is: some of it is for other bodies than that of the example.
    const shown = one.required ? { value: example } : { placeholder: example };
    return { ...one, input: element("input", { class: "wide", required: one.required, ...shown }) };
  });
  const content = operation.requestBody?.content;
  const chosen = element("select", {});
  const host = element("div");
  let edited;
  if (content) {
    choices(
      chosen,
      Object.keys(content).map((value) => ({ value })),
    );
    const change = () => {
      edited = editor(chosen.value, content[chosen.value], document);
      host.replaceChildren(...edited.nodes);
    };
    chosen.addEventListener("change", change);
    change();
  }
  const status = element("p", { role: "status", class: "soft" });
  const answer = element("pre", { tabindex: 0, role: "group", "aria-label": "The answer", hidden: true });
  const verb = method.toUpperCase();

  async function send(event) {
    event.preventDefault();
    status.textContent = "Asking …";
    // Of a form, the browser itself says where its parts end.
    const headers = content && !isMultipart(chosen.value) ? { "Content-Type": chosen.value } : {};
    try {
      const options = { method: verb, ...(content && { headers, body: edited.body() }) };
      const response = await authorized(address(filled(path, inputs)), options);
      answer.textContent = pretty(await response.text());
      status.textContent = `Status ${response.status}`;
      answer.hidden = false;
    } catch {
      status.textContent = "The service cannot be reached.";
      answer.hidden = true;
    }
  }

  async function copy() {
    const body = content && { type: chosen.value, parts: edited.curl() };
    const command = curlOf(verb, address(filled(path, inputs)), body, hasKey());
    answer.textContent = command;
    answer.hidden = false;
    status.textContent = (await copied(command, answer)) ? "Copied." : "Selected; copy it with the keyboard.";
  }

  return element(
    "form",
    { onsubmit: send },
    ...inputs.map(({ name, input }) => labelled(name, input)),
    ...(content && Object.keys(content).length > 1 ? [labelled("Media type", chosen)] : []),
    host,
    element(
      "p",
      { class: "row" },
      element("button", { class: "chip" }, "Send"),
      element("button", { type: "button", class: "chip", onclick: copy }, "Copy as curl"),
    ),
    status,
    answer,
  );
}

/** The address, relative, with the parameters in their places. */
function filled(path, inputs) {
  const query = new URLSearchParams();
  let found = path.slice(1);
  for (const { name, in: where, input } of inputs) {
    if (where === "path") found = found.replace(`{${name}}`, encodeURIComponent(input.value));
    else if (input.value) query.append(name, input.value);
  }
  return query.size ? `${found}?${query}` : found;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
