/** Copy a text; `node` is what shows it, and stays selected where a page may not copy. Whether it is copied. */
export async function copied(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page that came over plain HTTP from another machine has no clipboard.
    if (node instanceof HTMLInputElement) node.select();
    else getSelection().selectAllChildren(node);
    return document.execCommand("copy");
  }
}
