/* `<form data-draft="review-12-r3">`: what is typed survives a reload, a closed tab and a dead server.
   The key should name the revision, so that a draft never lands on a newer text. Passwords, files and hidden
   fields are never kept; signing out removes every draft from this browser. */
import { onContent } from "./content.js";

const PREFIX = "holdout:draft:";
const SENT = "holdout:draft-sent";
const KEEP_MS = 14 * 24 * 60 * 60 * 1000;
const WAIT_MS = 250;
const timers = new WeakMap();
const initial = new WeakMap();

function fields(form) {
  return [...form.elements].filter(
    (field) => field.name && field.matches("input, textarea, select") &&
      !field.matches("[type=password], [type=file], [type=hidden], [type=submit], [data-no-draft]"),
  );
}

/** The values as they stand, or (`sent`) as the server sent them, whatever the browser itself brought back. */
function read(form, sent = false) {
  const values = {};
  for (const field of fields(form)) {
    const list = (values[field.name] ??= []);
    if (field.matches("[type=radio], [type=checkbox]")) {
      if (sent ? field.defaultChecked : field.checked) list.push(field.value);
    } else if (field.matches("select")) {
      const chosen = [...field.options].filter((option) => (sent ? option.defaultSelected : option.selected));
      // A select without a chosen option starts on its first one
      if (!chosen.length && sent && !field.multiple && field.options.length) chosen.push(field.options[0]);
      list.push(...chosen.map((option) => option.value));
    } else {
      list.push(sent ? field.defaultValue : field.value);
    }
  }
  return values;
}

function write(form, values) {
  const taken = {};
  for (const field of fields(form)) {
    const wanted = values[field.name];
    if (!wanted) continue;
    if (field.matches("[type=radio], [type=checkbox]")) field.checked = wanted.includes(field.value);
    else if (field.multiple) for (const option of field.options) option.selected = wanted.includes(option.value);
    else field.value = wanted[(taken[field.name] = (taken[field.name] ?? -1) + 1)] ?? field.value;
  }
}

function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key));
  } catch {
    return null;
  }
}

/** No save is waiting any more. */
function settle(form) {
  clearTimeout(timers.get(form));
  timers.delete(form);
}

function save(form) {
  settle(form);
  const values = read(form);
  const same = JSON.stringify(values) === JSON.stringify(initial.get(form));
  try {
    if (same) localStorage.removeItem(PREFIX + form.dataset.draft);
    else localStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify({ at: Date.now(), values }));
    form.dataset.draftState = same ? "" : "kept";
  } catch {
    form.dataset.draftState = "not-kept";
  }
}

export function clearDraft(key) {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    /* nothing was kept */
  }
}

function showNote(form, shown) {
  const note = form.querySelector("[data-draft-note]");
  if (note) note.hidden = !shown;
}

function restore(form) {
  if (initial.has(form)) return;
  initial.set(form, read(form, true));
  const draft = stored(form.dataset.draft);
  if (!draft?.values || JSON.stringify(draft.values) === JSON.stringify(read(form))) return;
  write(form, draft.values);
  showNote(form, true);
  form.dispatchEvent(new CustomEvent("holdout:draft-restored", { bubbles: true }));
}

function each(visit) {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) visit(key);
  } catch {
    /* storage is blocked */
  }
}

/** A plain form was sent and another page answered: the draft has done its work, unless the page shows the form again. */
function settleSent() {
  let key;
  try {
    key = sessionStorage.getItem(SENT);
    sessionStorage.removeItem(SENT);
  } catch {
    return;
  }
  if (!key || document.querySelector(".error-summary:not([data-sample] *), [data-error-page]")) return;
  if (![...document.querySelectorAll("form[data-draft]")].some((form) => form.dataset.draft === key)) clearDraft(key);
}

function onSubmit(event) {
  const form = event.target;
  if (form.matches("[data-sign-out]")) {
    for (const waiting of document.querySelectorAll("form[data-draft]")) settle(waiting);
    each((key) => localStorage.removeItem(key));
  }
  if (form.dataset.draft === undefined || event.defaultPrevented) return;
  save(form);
  try {
    sessionStorage.setItem(SENT, form.dataset.draft);
  } catch {
    /* the draft is then removed by age */
  }
}

/** htmx answered: kept on refusal or failure, removed on success. */
function onAnswer(event) {
  const { sourceElement, response } = event.detail.ctx;
  const form = sourceElement?.closest?.("form[data-draft]") ?? sourceElement?.form;
  if (form?.dataset.draft === undefined || !response || response.status >= 400) return;
  if (event.detail.ctx.request.method === "GET") return;
  settle(form);
  clearDraft(form.dataset.draft);
}

export function startDrafts() {
  settleSent();
  each((key) => {
    if (!(Date.now() - (stored(key.slice(PREFIX.length))?.at ?? 0) < KEEP_MS)) localStorage.removeItem(key);
  });
  onContent("form[data-draft]", restore);
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.dataset.draft === undefined) return;
    settle(form);
    timers.set(form, setTimeout(() => save(form), WAIT_MS));
  });
  addEventListener("pagehide", () => {
    for (const form of document.querySelectorAll("form[data-draft]")) if (timers.has(form)) save(form);
  });
  document.addEventListener("submit", onSubmit);
  document.addEventListener("htmx:after:request", onAnswer);
  // A script sent the form itself, and it was taken
  document.addEventListener("holdout:sent", (event) => {
    settle(event.detail.form);
    clearDraft(event.detail.form.dataset.draft);
  });
  document.addEventListener("click", (event) => {
    const form = event.target.closest?.("[data-draft-discard]")?.form;
    if (!form) return;
    settle(form);
    clearDraft(form.dataset.draft);
    write(form, initial.get(form));
    showNote(form, false);
  });
}
