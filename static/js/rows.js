/* The list as a place to judge: j and k walk through the rows, space chooses, o reads, a/x/w decide the row at hand
   (or what is chosen). The keys press the list's own buttons; without this file these act on what is chosen. */
import { onContent } from "./content.js";

let handId = null; // the row at hand, also while the focus is on a button

const rows = () => [...document.querySelectorAll("[data-row]")];
const hand = () => document.activeElement?.closest?.("[data-row]") ?? (handId && document.getElementById(handId));
const chosen = () => document.querySelectorAll('[data-row] input[name="ids"]:checked').length;
const all = () => document.querySelector('[data-bulk] input[name="scope"]:checked') !== null;

function take(row) {
  handId = row.id;
  for (const other of document.querySelectorAll("[data-row][aria-current]")) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  say();
}

function focusOn(row) {
  take(row);
  const field = row.querySelector('input[name="ids"]') ?? row.querySelector("a");
  field.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const list = rows();
  if (!list.length) return;
  const at = list.indexOf(hand());
  focusOn(list[at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + step, 0), list.length - 1)]);
}

/** What the buttons will act on stands beside them. */
function say() {
  const note = document.querySelector("[data-at-hand]");
  if (!note) return;
  const row = hand();
  const count = chosen();
  note.textContent = all() ? "all of them" : count ? `${count} chosen` : row ? `#${row.dataset.row} at hand` : "";
}

function read(row) {
  const button = row.querySelector("[data-row-open]");
  const more = row.nextElementSibling?.matches(".row-more") ? row.nextElementSibling : null;
  more?.remove();
  button.setAttribute("aria-expanded", String(!more));
  if (!more) htmx.ajax("GET", `${row.dataset.url}/conversation`, { target: row, swap: "afterend" });
}

/** The next row comes to hand at once; the answer brings the decided one up to date. */
function judge(row, verdict) {
  const list = rows();
  const next = list[list.indexOf(row) + 1];
  if (row.nextElementSibling?.matches(".row-more")) read(row);
  htmx.ajax("POST", `${row.dataset.url}/verdict`, {
    target: "#list-notice",
    swap: "outerHTML",
    values: { verdict, revision: row.dataset.revision },
  });
  if (next) focusOn(next);
  else focusOn(row);
}

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("[data-row-move], [data-row-read], [data-row-open], [data-verdict]");
  if (!target) return;
  if (target.matches("[data-row-move]")) return move(Number(target.dataset.rowMove));
  const row = target.closest("[data-row]") ?? hand();
  if (target.matches("[data-verdict]")) {
    if (chosen() || all() || !row) return;
    event.preventDefault();
    return judge(row, target.dataset.verdict);
  }
  if (row) read(row);
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-row]");
  if (row) take(row);
});
document.addEventListener("change", (event) => {
  if (event.target.matches?.('[data-row] input[name="ids"], [data-bulk] input[name="scope"]')) say();
});
onContent("[data-needs-rows]", (part) => {
  part.hidden = false;
});
// The row at hand was exchanged for its newer state: it stays at hand
onContent("[data-row]", (row) => {
  if (row.id === handId && document.activeElement === document.body) focusOn(row);
});
