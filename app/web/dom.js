// Elements from data. Text only ever goes in as text nodes, so whatever it holds, it is shown and never run.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  return built(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return built(document.createElementNS(SVG, tag), attributes, children);
}

function built(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** A table; the first cell of each row is its name. */
export function table(caption, head, rows, foot) {
  const cells = (row) =>
    element(
      "tr",
      {},
      ...row.map((value, i) => (i ? element("td", {}, String(value)) : element("th", { scope: "row" }, String(value)))),
    );
  return element(
    "table",
    {},
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows.map(cells)),
    ...(foot ? [element("tfoot", {}, cells(foot))] : []),
  );
}

/** Fill a `<select>`, keeping what is chosen if it is still there. */
export function choices(select, items) {
  const before = select.value;
  select.replaceChildren(...items.map(({ value, label = value }) => element("option", { value }, label)));
  if (items.some(({ value }) => value === before)) select.value = before;
}

/** Say what went wrong in a problem's place, or nothing. */
export function tell(place, error) {
  place.hidden = !error;
  place.textContent = error ? error.message : "";
}
