import { addressed, chosen, isTooLong, link } from "./address.js";
import { ask } from "./api.js";
import { copied } from "./clipboard.js";
import { compare, compared } from "./comparison.js";
import { byId, tell } from "./dom.js";
import { draft, edit } from "./draft.js";
import { reading } from "./explanation.js";
import { attribution } from "./labels.js";
import { latest } from "./latest.js";
import { chosenModel } from "./models.js";
import { snippets } from "./snippets.js";
import { tried, triedTexts, untried } from "./tried.js";
import { verdict } from "./verdict.js";

/** Milliseconds without a key after which a text is asked. */
const DEBOUNCE = 60;
const BUSY = ["verdict", "why", "comparison"];

const place = (name) => byId(`sentiment-${name}`);

/** Mark what is shown as old, as it is of another text or model; or as new. */
function old(names, isOld) {
  for (const name of names) place(name).setAttribute("aria-busy", String(isOld));
}

/** The verdict at once, and why as soon as that is known. */
async function show(signal) {
  const { text } = draft;
  place("answer").hidden = !text;
  if (!text) return;
  const model = await chosenModel(place("model"));
  if (signal.aborted) return;
  const body = { text, model: model.name };
  place("snippets").replaceChildren(...snippets("sentiment", { ...body, explain: true }));
  const answer = await ask("sentiment", { body, signal });
  verdict(answer, model);
  old(["verdict"], false);
  tell(place("problem"), null);
  tried(text, answer);
  await why(text, model, answer, signal);
}

async function why(text, model, answer, signal) {
  const other = await compared(model);
  const asked = [model, ...(other ? [other] : [])].map((one) => explained({ text, model: one.name }, signal));
  const [{ found, note }, second] = await Promise.all(asked);
  if (signal.aborted) return;
  reading(text, found ?? {}, note, attribution(model.labels, answer.label));
  compare(text, second?.found && [model, other].map((one, at) => [one, [found ?? answer, second.found][at]]));
  old(BUSY, false);
}

/** Ask for an answer with its explanation; of a text that is too long for that, why there is none. */
async function explained(body, signal) {
  try {
    return { found: await ask("sentiment", { body: { ...body, explain: true }, signal }), note: "" };
  } catch (error) {
    if (error.status !== 422) throw error;
    return { note: `No explanation: ${error.message}` };
  }
}

function failed(error) {
  // A verdict that is of this text stays, though why is not known.
  if (error && place("verdict").getAttribute("aria-busy") === "true") place("answer").hidden = true;
  tell(place("problem"), error);
}

async function copyLink() {
  const field = place("link");
  field.value = link({ whole: true });
  field.hidden = false;
  const isCopied = await copied(field.value, field);
  const about = isTooLong() ? " The text is too long for a link: it is not in it." : "";
  place("link-said").textContent = (isCopied ? "Copied." : "Copy it from the address bar.") + about;
}

/** Connect the tab; returned is what to do whenever it is opened. */
export function sentiment() {
  const begun = latest(show, failed, DEBOUNCE);
  const changed = () => {
    old(BUSY, true);
    untried();
    place("link-said").textContent = "";
    begun();
  };
  let open = false;
  edit(place("text"), () => open && changed());
  place("model").addEventListener("change", changed);
  place("other").addEventListener("change", () => {
    place("other").dataset.wanted = place("other").value;
    chosen();
    changed();
  });
  addressed("with", {
    of: "sentiment",
    initial: "",
    read: () => place("other").dataset.wanted ?? "",
    write: (value) => {
      if ((place("other").dataset.wanted ?? "") === value) return;
      place("other").dataset.wanted = value;
      if (open) changed();
    },
  });
  place("copy").addEventListener("click", copyLink);
  triedTexts();
  for (const example of place("examples").children) {
    example.addEventListener("click", () => {
      draft.text = example.textContent;
      chosen();
    });
  }
  place("reading").textContent = draft.text;
  return (opened) => {
    open = opened;
    if (open) changed();
  };
}
