/* `data-confirm="Question"` on a button or a form asks in a native dialog before anything is sent.
   Without JavaScript the form is sent without asking; what cannot be undone asks on a page of its own. */
import { openDialog } from "./dialogs.js";

const agreed = new WeakSet();

export function ask({ question, action, danger }) {
  const dialog = document.getElementById("confirm-dialog");
  const yes = dialog.querySelector("[data-confirm-yes]");
  dialog.querySelector("[data-confirm-question]").textContent = question;
  yes.textContent = action;
  yes.classList.toggle("button-danger", danger);
  yes.classList.toggle("button-primary", !danger);
  openDialog(dialog);
  dialog.querySelector("[data-dialog-close]").focus();
  return new Promise((resolve) => {
    const done = new AbortController();
    yes.addEventListener(
      "click",
      () => {
        done.abort();
        dialog.close();
        resolve(true);
      },
      { signal: done.signal },
    );
    dialog.addEventListener(
      "close",
      () => {
        done.abort();
        resolve(false);
      },
      { signal: done.signal },
    );
  });
}

function wanted(element) {
  return {
    question: element.dataset.confirm,
    action: element.dataset.confirmAction || element.textContent.trim() || "Continue",
    danger: element.dataset.confirmDanger !== undefined,
  };
}

function onClick(event) {
  const element = event.target.closest?.("button[data-confirm], a[data-confirm], input[data-confirm]");
  if (!element) return;
  if (agreed.delete(element)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  ask(wanted(element)).then((yes) => {
    if (!yes || !element.isConnected) return;
    agreed.add(element);
    element.click();
  });
}

function onSubmit(event) {
  const form = event.target;
  if (form.dataset.confirm === undefined || agreed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const submitter = event.submitter;
  ask({ ...wanted(form), action: form.dataset.confirmAction || submitter?.textContent.trim() || "Continue" }).then((yes) => {
    if (!yes || !form.isConnected) return;
    agreed.add(form);
    form.requestSubmit(submitter);
  });
}

export function startConfirm() {
  // Capture: the question comes before htmx and before every other listener
  document.addEventListener("click", onClick, { capture: true });
  document.addEventListener("submit", onSubmit, { capture: true });
}
