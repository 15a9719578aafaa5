import { loaded } from "./address.js";
import { byId, tell } from "./dom.js";
import { files } from "./files.js";
import { ready } from "./first.js";
import { sentiment } from "./sentiment.js";
import { tabs } from "./tabs.js";

/** Told which tab is open. */
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
  byId(`panel-${name}`).hidden = name !== open;
}

files();
tabs((name) => {
  open = name;
  for (const [one, opened] of Object.entries(parts)) opened(one === name);
  if (name in parts) return;
  // Nothing is typed before it is heard.
  byId(`panel-${name}`).hidden = true;
  load(name);
});
ready();
addEventListener("load", () => setTimeout(() => ["inside", "vectors", "forecasts"].forEach(load), 500));
