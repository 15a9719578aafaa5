// Run before anything is drawn. The page begins with the first text, which stands in its HTML; a visitor to whom another
// one or another tab is to be shown does not see that for a moment.

/** The name under which a browser tab keeps its text. */
export const NAME = "sentiment-text";

function stored() {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    return null; // where the browser keeps nothing, each visit begins with the first text
  }
}

/** The text that this browser tab has kept, or null. */
export const kept = stored();

const { classList } = document.documentElement;
if (location.hash || kept !== null) classList.add("waiting");

/** Show the page, now that it shows what was meant. */
export const ready = () => classList.remove("waiting");
