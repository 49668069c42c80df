/* `<form data-upload>`: progress and cancel while files travel. A refused upload (422) shows its errors and keeps the
   chosen file, because the form stays where it is. Without JavaScript the form is an ordinary one. */
import { onContent } from "./content.js";
import { toast } from "./toast.js";

function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function showChosen(input) {
  const place = input.closest(".file-drop")?.querySelector("[data-chosen]");
  if (place) place.textContent = [...input.files].map((file) => `${file.name}, ${size(file.size)}`).join("; ");
}

function progressOf(form) {
  const box = form.querySelector("[data-upload-progress]");
  return { box, bar: box.querySelector("progress"), figures: box.querySelector("[data-upload-figures]") };
}

/** Takes the error summary and each field's message out of the answer and puts them into the living form. */
function showErrors(form, html) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  for (const old of form.querySelectorAll(".error-summary, .field-error")) old.remove();
  const summary = answer.querySelector(".error-summary");
  if (!summary) {
    toast(answer.querySelector("h1, p")?.textContent.trim() || "The file was refused.", "bad");
    return;
  }
  form.prepend(document.importNode(summary, true));
  for (const message of answer.querySelectorAll(".field-error[id]")) {
    const field = form.querySelector(`[aria-describedby~="${CSS.escape(message.id)}"]`) ??
      form.querySelector(`#${CSS.escape(message.id.replace(/-error$/, ""))}`);
    field?.closest(".field")?.querySelector("label, legend")?.after(document.importNode(message, true));
  }
  form.querySelector(".error-summary").focus();
}

function onSubmit(event) {
  const form = event.target;
  if (form.dataset.upload === undefined || event.defaultPrevented) return;
  event.preventDefault();
  if (form.getAttribute("aria-busy") === "true") return;
  const { box, bar, figures } = progressOf(form);
  const request = new XMLHttpRequest();
  const cancel = () => request.abort();
  const cancelButton = box.querySelector("[data-upload-cancel]");
  const finish = () => {
    form.removeAttribute("aria-busy");
    box.hidden = true;
    cancelButton.removeEventListener("click", cancel);
  };
  request.upload.addEventListener("progress", (sent) => {
    if (!sent.lengthComputable) return;
    bar.max = sent.total;
    bar.value = sent.loaded;
    figures.textContent = sent.loaded === sent.total ? "Sent; reading" : `${size(sent.loaded)} of ${size(sent.total)}`;
  });
  request.addEventListener("load", () => {
    if (request.status < 400) {
      location.assign(request.responseURL);
      return;
    }
    finish();
    if (request.status === 422 || request.status === 413) showErrors(form, request.responseText);
    else toast(`The upload failed (${request.status}). The file is still chosen; try again.`, "bad");
  });
  request.addEventListener("error", () => {
    finish();
    toast("The upload broke off. The file is still chosen; try again.", "bad");
  });
  request.addEventListener("abort", () => {
    finish();
    toast("Upload cancelled. Nothing was imported.");
  });
  cancelButton.addEventListener("click", cancel);
  form.setAttribute("aria-busy", "true");
  box.hidden = false;
  bar.removeAttribute("value");
  figures.textContent = "Sending";
  request.open(form.method, event.submitter?.getAttribute("formaction") ?? form.action);
  request.setRequestHeader("Accept", "text/html");
  request.send(new FormData(form, event.submitter));
}

export function startUploads() {
  document.addEventListener("submit", onSubmit);
  onContent(".file-drop input[type=file]", showChosen);
  document.addEventListener("change", (event) => {
    if (event.target.matches?.(".file-drop input[type=file]")) showChosen(event.target);
  });
  for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(name, (event) => {
      event.target.closest?.(".file-drop")?.toggleAttribute("data-over", over);
    });
  }
}
