// The API key, where the service asks for one: kept for this tab only, and forgotten with it.

import { element } from "./dom.js";

const NAME = "sentiment-api-key";
const POSSIBLE = /^[!-~]+$/;

let key = null;
try {
  key = sessionStorage.getItem(NAME);
} catch {
  // Where the browser keeps nothing, the key lasts until the page is left.
}

export const hasKey = () => Boolean(key);

function keep(value) {
  key = value;
  try {
    sessionStorage.setItem(NAME, value);
  } catch {
    // As above.
  }
}

let asking = null;

/** Show the field for the key, once for all requests that wait for it, until one is entered. */
function entered() {
  asking ??= new Promise((resolve) => {
    const input = element("input", { id: "api-key", type: "password", autocomplete: "off", required: true });
    const said = element("p", { class: "problem", role: "alert", hidden: !key }, key ? "This key is not accepted." : "");
    const submit = (event) => {
      event.preventDefault();
      const value = input.value.trim();
      if (!POSSIBLE.test(value)) {
        said.textContent = "A key has letters, digits and marks, but no spaces.";
        said.hidden = false;
        return;
      }
      keep(value);
      form.remove();
      asking = null;
      resolve();
    };
    const form = element(
      "form",
      { id: "api-key-form", class: "card", onsubmit: submit, "aria-label": "API key" },
      element("p", {}, "This service asks for an API key. It is kept for this tab only."),
      element(
        "p",
        { class: "row" },
        element("label", { for: "api-key" }, "API key"),
        input,
        element("button", { class: "chip" }, "Use it"),
      ),
      said,
    );
    document.querySelector("main").before(form);
    input.focus();
  });
  return asking;
}

function aborted(signal) {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

/** `fetch` with the key; where the service refuses that, once more with the one that is entered then. */
export async function authorized(url, options = {}) {
  for (;;) {
    const sent = key;
    const headers = sent ? { ...options.headers, Authorization: `Bearer ${sent}` } : options.headers;
    const response = await fetch(url, { ...options, headers });
    if (response.status !== 401) return response;
    if (key === sent) await Promise.race([entered(), aborted(options.signal)]);
  }
}
