// Numbers as people read them.

export const count = (value) => value.toLocaleString("en");
export const percent = (value) => `${(100 * value).toFixed(1)} %`;
export const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
export const brief = (value) =>
  (Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(4)))).replace("-", "−");
export const plural = (value, noun) => `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
