// What the page shows, as a link: in the address behind the #, which browsers send to no server.
//
// `#inside&text=Superb&maxlen=8`: the tab, and what differs from how the page begins. The entries of the history hold
// the text too, so that Back finds one that is too long for an address.

/** The most characters of a text that an address carries. */
const LONGEST = 6000;
const WAIT = 250;
const FIRST = "sentiment";

const fields = new Map();
let tab = FIRST;
let applied = () => {};
let isEditing = false;
let isApplying = false;
let isFollowed = false;
let pending = null;
let timer;

/**
 * Have something in the link. `read` gives its value, `write` takes one; `initial` is the value that needs no mention.
 * One without `of`, a tab, is in the link of every tab.
 */
export function addressed(name, { of, read, write, initial = read() }) {
  fields.set(name, { of, read, write, initial });
}

/** Have the values of fields in the link; one that a link sets is told as if it had been typed. */
export function addressedInputs(of, nodes) {
  for (const [name, node] of Object.entries(nodes)) {
    const write = (value) => {
      if (node.value === value) return;
      node.value = value;
      node.dispatchEvent(new Event("input"));
    };
    addressed(name, { of, read: () => node.value, write });
    node.addEventListener("input", edited);
    node.addEventListener("change", settled);
  }
}

function parsed() {
  const [head, ...rest] = location.hash.slice(1).split("&");
  return { head: head || FIRST, values: new URLSearchParams(rest.join("&")) };
}

/** The link to what is shown; a whole one names the text in any case. */
export function link({ whole = false } = {}) {
  const { head, values: given } = parsed();
  // What is for a tab that is being loaded stays.
  const values = new URLSearchParams(head === tab ? [...given].filter(([name]) => !fields.has(name)) : []);
  for (const [name, { of, read, initial }] of fields) {
    const value = read();
    const isMeant = value !== initial || (whole && name === "text");
    if (isMeant && (!of || of === tab) && value.length <= LONGEST) values.set(name, value);
  }
  return new URL(`#${tab}${values.size ? `&${values}` : ""}`, location.href).href;
}

/** Whether the text is too long for a link. */
export const isTooLong = () => fields.get("text").read().length > LONGEST;

/** What an entry of the history holds now. */
const snapshot = () => [{ text: fields.get("text").read() }, "", link()];

function write(method, entry = snapshot()) {
  try {
    history[method](...entry);
  } catch {
    // Browsers allow so many entries a minute, and states of some size: the page works without.
  }
}

/** Bring the entry up to date with what was typed last. */
function flush() {
  clearTimeout(timer);
  if (pending) write("replaceState", pending);
  pending = null;
}

/** Note that something is being typed: the first change is an entry of the history, the others change that one. */
export function edited() {
  if (isApplying) return;
  if (!isEditing) write("pushState");
  isEditing = true;
  pending = snapshot();
  clearTimeout(timer);
  timer = setTimeout(flush, WAIT);
}

/** Note that what is typed next is another entry. */
export function settled() {
  flush();
  isEditing = false;
}

/** Note that something was chosen: an entry of the history. */
export function chosen() {
  if (isApplying) return;
  settled();
  write("pushState");
}

/** Open a tab, as an entry of the history. */
export function go(name) {
  if (name === tab) return;
  settled();
  tab = name;
  write("pushState");
  applied(tab);
}

/** Give the fields that are meant the values of the address, or their first ones. */
function fill(values, isMeant) {
  isApplying = true;
  for (const [name, field] of fields) {
    const kept = name === "text" ? (history.state?.text ?? field.read()) : field.initial;
    if (isMeant(field)) field.write(values.get(name) ?? kept);
  }
  isApplying = false;
}

/** Give the fields of a tab that was just loaded the values of the address. */
export function loaded(name) {
  if (name === tab) fill(parsed().values, ({ of }) => of === name);
}

function apply() {
  const { head, values } = parsed();
  const isTab = document.getElementById(`panel-${head}`);
  const anchor = isTab ? null : document.getElementById(head);
  if (anchor && isFollowed) {
    // A place on the page as it is: what is shown stays, and so does its link.
    settled();
    if (tab !== FIRST) applied((tab = FIRST));
    write("replaceState");
    anchor.scrollIntoView();
    return;
  }
  clearTimeout(timer);
  pending = null;
  isEditing = false;
  tab = isTab ? head : FIRST;
  fill(values, ({ of }) => !of || of === tab);
  applied(tab);
  anchor?.scrollIntoView();
}

/** Follow the address, now and when it changes; `opened` takes the name of the tab. */
export function follow(opened) {
  applied = opened;
  addEventListener("popstate", apply);
  apply();
  isFollowed = true;
  history.replaceState({ text: fields.get("text").read() }, "");
}
