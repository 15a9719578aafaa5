// Bodies as their media types write them.

export const isMultipart = (type) => type === "multipart/form-data";
const isForm = (type) => type === "application/x-www-form-urlencoded";

/** An example as a body of a type is written; of a form in parts, as `curl -F` takes each. */
export function written(type, example) {
  if (typeof example === "string" || example === undefined) return example ?? "";
  if (isForm(type)) return String(new URLSearchParams(example));
  if (isMultipart(type)) return Object.entries(example).map(([name, value]) => `${name}=${value}`).join("\n");
  return JSON.stringify(example, null, 2);
}

/** How curl takes a body: `-F` and `--data-binary` read files, the others nothing. */
const OPTIONS = ["--data-raw", "--data-binary", "-F", "--form-string"];

const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`);

/** The command that sends a request; `body` has its type and the arguments that give it. */
export function curlOf(method, url, body, hasKey) {
  const words = ["curl", quoted(url)];
  if (method !== (body ? "POST" : "GET")) words.push("-X", method);
  if (hasKey) words.push('-H "Authorization: Bearer $API_KEY"');
  if (body && !isMultipart(body.type)) words.push("-H", quoted(`Content-Type: ${body.type}`));
  return [...words, ...(body?.parts ?? []).map((part) => (OPTIONS.includes(part) ? part : quoted(part)))].join(" ");
}
