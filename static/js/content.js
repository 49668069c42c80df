/* Calls `found` for each element that matches now, and for each that htmx brings in later. */
export function onContent(selector, found) {
  const visit = (root) => {
    if (root.matches?.(selector)) found(root);
    for (const element of root.querySelectorAll?.(selector) ?? []) found(element);
  };
  visit(document);
  document.addEventListener("htmx:after:process", (event) => visit(event.target));
}
