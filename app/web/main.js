import { loaded } from "./address.js";
import { byId, tell } from "./dom.js";
import { files } from "./files.js";
import { sentiment } from "./sentiment.js";
import { tabs } from "./tabs.js";

/** What is told which tab is open, by the tabs that are loaded. */
const parts = { sentiment: sentiment() };
let open;

async function load(name) {
  try {
    const module = await import(`./${name}.js`);
    if (name in parts) return;
    parts[name] = module[name]();
    loaded(name);
    parts[name](name === open);
  } catch (error) {
    tell(byId(`${name}-problem`), error);
  }
}

files();
tabs((name) => {
  open = name;
  for (const [one, opened] of Object.entries(parts)) opened(one === name);
  if (!(name in parts)) load(name);
});
// A tab that is opened later is there at once.
addEventListener("load", () => setTimeout(() => ["inside", "vectors", "forecasts"].forEach(load), 500));
