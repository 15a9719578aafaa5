// Tabs as the ARIA Authoring Practices describe them; the address remembers which one is open.

/** Connect the tabs; `opened` takes the name of a tab each time it is opened. */
export function tabs(opened) {
  const all = [...document.querySelectorAll("[role=tab]")];
  const name = (tab) => tab.id.replace("tab-", "");

  function open(tab) {
    for (const one of all) {
      const chosen = one === tab;
      one.setAttribute("aria-selected", String(chosen));
      one.tabIndex = chosen ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
    }
    document.title = tab === all[0] ? "Sentiment" : `${tab.textContent.trim()} · Sentiment`;
    opened(name(tab));
  }

  const fromAddress = () => open(all.find((tab) => `#${name(tab)}` === location.hash) ?? all[0]);

  function choose(tab) {
    history.replaceState(null, "", `#${name(tab)}`);
    open(tab);
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
  addEventListener("hashchange", fromAddress);
  fromAddress();
}
