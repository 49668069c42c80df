/* Keys sit on real controls: `data-hotkey="a"` on a button, link or input presses exactly that control.
   Several keys are split by spaces: `data-hotkey="Enter Ctrl+Enter"`. Names are those of KeyboardEvent.key;
   Ctrl also means Command. Single keys can be switched off (WCAG 2.1.4) and never act while text is edited. */
import { openDialog } from "./dialogs.js";

const STORE = "holdout:hotkeys";
const root = document.documentElement;
const EDITABLE =
  'textarea, select, [contenteditable=""], [contenteditable="true"], ' +
  "input:not([type=radio], [type=checkbox], [type=button], [type=submit], [type=reset], [type=range], [type=file])";
// A choice is made by space: Enter on it would send its form, with the form's first button
const PRESSED_BY_ENTER = "a[href], button, summary, input:not([type=radio], [type=checkbox]), [role=button]";

export function hotkeysOn() {
  return root.dataset.hotkeys !== "off";
}

function setHotkeys(on) {
  if (on) delete root.dataset.hotkeys;
  else root.dataset.hotkeys = "off";
  try {
    if (on) localStorage.removeItem(STORE);
    else localStorage.setItem(STORE, "off");
  } catch {
    /* storage is blocked: the choice holds for this page */
  }
}

/** "Ctrl+Enter", "a", "?", "Escape": Shift only counts where it does not already change the character. */
export function keyName(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("ctrl");
  if (event.altKey && !event.getModifierState("AltGraph")) parts.push("alt");
  if (event.shiftKey && event.key.length > 1) parts.push("shift");
  return [...parts, key.toLowerCase()].join("+");
}

function keysOf(element) {
  return element.dataset.hotkey.split(" ").filter(Boolean).map((key) => key.toLowerCase());
}

function usable(element, scope) {
  return scope.contains(element) && !element.disabled && element.getAttribute("aria-disabled") !== "true" &&
    element.checkVisibility({ visibilityProperty: true });
}

function press(element) {
  if (element.matches(EDITABLE)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const name = keyName(event);
  const chord = name.startsWith("ctrl+");
  const editing = event.target.closest?.(EDITABLE) !== null && event.target.closest?.(EDITABLE) !== undefined;
  if (editing && !chord && name !== "escape") return;
  if (!chord && name !== "escape" && !hotkeysOn()) return;
  if (name === "enter" && event.target.closest?.(PRESSED_BY_ENTER)) return;
  // An open dialog owns the keyboard, Escape included
  const scope = document.querySelector("dialog:modal") ?? document;
  if (scope !== document && name === "escape") return;
  const matches = [...document.querySelectorAll("[data-hotkey]")].filter((element) => keysOf(element).includes(name));
  // Of several with the same key, the one of the form that is being filled in
  const own = editing ? event.target.closest("form") : null;
  const element = (own && matches.find((candidate) => usable(candidate, scope) && own.contains(candidate))) ??
    matches.find((candidate) => usable(candidate, scope));
  if (!element) {
    if (editing && name === "escape") event.target.blur();
    return;
  }
  event.preventDefault();
  // Holding a key must not decide twenty examples; moving may repeat
  if (event.repeat && !element.hasAttribute("data-hotkey-repeat")) return;
  press(element);
}

function labelOf(element) {
  const label = element.dataset.hotkeyLabel ?? element.getAttribute("aria-label");
  if (label) return label;
  const copy = (element.labels?.[0] ?? element).cloneNode(true);
  for (const hint of copy.querySelectorAll("kbd, .hint, .optional, svg")) hint.remove();
  return copy.textContent.trim().replace(/\s+/g, " ");
}

/** The list is made of the page's own controls, so that it can never be out of date. */
function showList() {
  const dialog = document.getElementById("keys-dialog");
  const list = dialog.querySelector("[data-keys-list]");
  const row = document.getElementById("key-template").content.firstElementChild;
  list.replaceChildren();
  for (const element of document.querySelectorAll("[data-hotkey]")) {
    if (!usable(element, document) || dialog.contains(element)) continue;
    const item = row.cloneNode(true);
    item.querySelector("span").textContent = labelOf(element);
    item.querySelector("kbd").textContent = element.dataset.hotkey.split(" ").join(" / ");
    list.append(item);
  }
  dialog.querySelector("[data-hotkeys-switch]").checked = hotkeysOn();
  openDialog(dialog);
}

export function startHotkeys() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-keys-open]")) showList();
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-hotkeys-switch]")) setHotkeys(event.target.checked);
  });
}
