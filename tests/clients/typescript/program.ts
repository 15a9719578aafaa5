// Calls the service through what openapi-typescript and openapi-fetch make of its document, and prints what it gets.
import createClient from "openapi-fetch";

import type { paths } from "./schema.js";

declare const process: { argv: string[] };

const client = createClient<paths>({ baseUrl: process.argv[2] });

const text = await client.POST("/sentiment", { body: { text: "A wonderful film, I loved every moment." } });
if (text.error) throw new Error(text.error.detail);

const explained = await client.POST("/sentiment", { body: { text: "Superb acting.", explain: true } });
if (explained.error || !("words" in explained.data)) throw new Error("no explanation");

const batch = await client.POST("/sentiment/batch", { body: { texts: ["Superb acting.", "I was so bored!"] } });
if (batch.error) throw new Error(batch.error.detail);

const analogy = await client.POST("/analogies", { body: { positive: ["queen", "man"], negative: ["king"], topn: 1 } });
if (analogy.error) throw new Error(analogy.error.detail);

const neighbors = await client.GET("/vectors/{space}/{word}/neighbors", {
  params: { path: { space: "glove", word: "cold" }, query: { topn: 2 } },
});
if (neighbors.error) throw new Error(neighbors.error.detail);

const forecast = await client.POST("/forecasts/{name}", {
  params: { path: { name: "air-pollution" } },
  body: { sequences: [[[10, 25, 60], [13, 10, 80], [9, 5, 90], [7, 0, 100]]] },
});
if (forecast.error) throw new Error(forecast.error.detail);

const refused = await client.POST("/sentiment", { body: { text: "" } });
if (!refused.error) throw new Error("not refused");

const label: string = text.data.label;
const score: number = text.data.score;
console.log(
  JSON.stringify({
    label,
    score,
    words: explained.data.words.map((word) => word.text),
    labels: batch.data.results.map((result) => ("label" in result ? result.label : result.error)),
    analogy: analogy.data.results[0].word,
    neighbors: neighbors.data.results.length,
    forecast: forecast.data.predictions,
    pointers: refused.error.errors?.map((error) => error.pointer),
  }),
);
