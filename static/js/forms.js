/* A form is sent once; refused input brings the reader to the list of errors. */
import { onContent } from "./content.js";

function onSubmit(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method === "get" || form.method === "dialog") return;
  if (form.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  form.setAttribute("aria-busy", "true");
}

export function startForms() {
  // After every other listener: a form that htmx or an upload took over is not ours
  addEventListener("submit", onSubmit);
  // Back to a page kept in the browser's cache: its forms work again
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll('form[aria-busy="true"]')) form.removeAttribute("aria-busy");
  });
  // A one-time link needs a POST, so that a scanner that only follows links cannot use it up
  onContent("form[data-submit-at-once]", (form) => form.requestSubmit());
  onContent(".error-summary", (summary) => {
    if (!summary.closest("[data-sample]")) summary.focus();
  });
  // A field that was asked for takes the cursor when it comes
  onContent("[data-focus]", (field) => field.focus());
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-submit-on-change]")) event.target.form?.requestSubmit();
  });
}
