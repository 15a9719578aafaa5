// Files that are dropped on a part of the page. One that is dropped beside it does not replace the page.

/** Hand the files that are dropped on `area` to `taken`, if `isOpen` says so; `zone` shows that they would be taken. */
export function drops(area, zone, isOpen, taken) {
  const isFiles = (event) => event.dataTransfer?.types.includes("Files");
  const isTaken = (event) => area.contains(event.target) && isOpen();

  function over(event) {
    if (!isFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = isTaken(event) ? "copy" : "none";
    zone.classList.toggle("over", isTaken(event));
  }

  function dropped(event) {
    zone.classList.remove("over");
    if (!isFiles(event)) return;
    event.preventDefault();
    if (isTaken(event)) taken([...event.dataTransfer.files]);
  }

  addEventListener("dragover", over);
  addEventListener("dragleave", () => zone.classList.remove("over"));
  addEventListener("drop", dropped);
}
