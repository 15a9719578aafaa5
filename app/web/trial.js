// A form that sends a request to the service, and shows what comes back.

import { address } from "./api.js";
import { element } from "./dom.js";
import { authorized } from "./keys.js";
import { resolved } from "./schema.js";

let number = 0;

function labelled(name, control) {
  number += 1;
  control.id = `trial-${number}`;
  return element("p", {}, element("label", { for: control.id }, name), " ", control);
}

/** A form for an operation, filled with its examples. */
export function trial(path, method, operation, document) {
  const inputs = (operation.parameters ?? []).map((one) => {
    const example = String(one.example ?? one.schema.examples?.[0] ?? one.schema.default ?? "");
    // What may be left out is: some of it is for other bodies than that of the example.
    const shown = one.required ? { value: example } : { placeholder: example };
    return { ...one, input: element("input", { class: "wide", required: one.required, ...shown }) };
  });
  const json = operation.requestBody?.content["application/json"];
  const schema = resolved(json?.schema, document);
  const example = json?.example ?? schema.example ?? schema.examples?.[0];
  const body =
    json && element("textarea", { rows: 6, class: "numbers", spellcheck: "false" }, JSON.stringify(example, null, 2));
  const status = element("p", { role: "status", class: "soft" });
  const answer = element("pre", { tabindex: 0, role: "group", "aria-label": "The answer", hidden: true });

  async function send(event) {
    event.preventDefault();
    status.textContent = "Asking …";
    try {
      const response = await authorized(address(filled(path, inputs)), {
        method: method.toUpperCase(),
        ...(body && { headers: { "Content-Type": "application/json" }, body: body.value }),
      });
      answer.textContent = pretty(await response.text());
      status.textContent = `Status ${response.status}`;
      answer.hidden = false;
    } catch {
      status.textContent = "The service cannot be reached.";
      answer.hidden = true;
    }
  }

  return element(
    "form",
    { onsubmit: send },
    ...inputs.map(({ name, input }) => labelled(name, input)),
    ...(body ? [labelled("Body", body)] : []),
    element("button", { class: "chip" }, "Send"),
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
