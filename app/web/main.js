import { files } from "./files.js";
import { forecasts } from "./forecasts.js";
import { inside } from "./inside.js";
import { sentiment } from "./sentiment.js";
import { tabs } from "./tabs.js";
import { vectors } from "./vectors.js";

const parts = { sentiment: sentiment(), inside: inside(), vectors: vectors(), forecasts: forecasts() };

files();
tabs((name) => {
  for (const [one, opened] of Object.entries(parts)) opened(one === name);
});
