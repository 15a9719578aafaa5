// Classify a text with `@huggingface/inference`, as its users do; prints JSON. Run beside `node_modules`:
// node use_huggingface.mjs http://127.0.0.1:8000 "A wonderful film."
import { InferenceClient, textClassification } from "@huggingface/inference";

const [url, inputs] = process.argv.slice(2);
const client = new InferenceClient();
const found = {
  endpointUrl: await textClassification({ endpointUrl: `${url}/hf/sentiment-best`, inputs }),
  endpoint: await client.endpoint(`${url}/hf`).textClassification({ inputs, parameters: { top_k: 1 } }),
};
try {
  await textClassification({ endpointUrl: `${url}/hf/sentiment-none`, inputs });
} catch (error) {
  found.error = error.message;
}
console.log(JSON.stringify(found));
