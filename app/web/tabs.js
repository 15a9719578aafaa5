// Tabs as the ARIA Authoring Practices describe them; the address remembers which one is open.

import { follow, go } from "./address.js";

/** Connect the tabs; `opened` takes the name of a tab each time it is opened. */
export function tabs(opened) {
  const all = [...document.querySelectorAll("[role=tab]")];
  const name = (tab) => tab.id.replace("tab-", "");

  function open(wanted) {
    for (const one of all) {
      const chosen = name(one) === wanted;
      one.setAttribute("aria-selected", String(chosen));
      one.tabIndex = chosen ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
      if (chosen) document.title = one === all[0] ? "Sentiment" : `${one.textContent.trim()} · Sentiment`;
    }
    opened(wanted);
  }

  function choose(tab) {
    go(name(tab));
    tab.focus();
  }

  for (const [place, tab] of all.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const moves = { ArrowRight: place + 1, ArrowLeft: place - 1 + all.length, Home: 0, End: all.length - 1 };
      if (event.key in moves) {
        event.preventDefault();
        choose(all[moves[event.key] % all.length]);
      }
    });
  }
  follow(open);
}
