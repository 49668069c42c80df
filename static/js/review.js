/* Review: texts are edited where they stand, tags are added one by one, and signs of life keep the reservation. */
import { onContent } from "./content.js";
import { startDeciding } from "./deciding.js";
import { toast } from "./toast.js";

const RENEW_MS = 120_000;

/** At once, not at the `toggle` event that comes later: what is typed next belongs in the field. */
function setOpen(edit, open) {
  const field = edit.querySelector("textarea");
  edit.open = open;
  if (open) {
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    return;
  }
  // The text that is read is the text that will be saved
  edit.closest(".message").querySelector(".words").textContent = field.value;
  edit.toggleAttribute("data-edited", field.value !== field.defaultValue);
  edit.querySelector("summary").focus();
}

function addTag(input) {
  const label = input.value.trim().replace(/,+$/, "");
  input.value = "";
  if (!label) return input.blur();
  const box = input.closest("[data-tags]");
  const known = [...box.querySelectorAll("input[name=tag]")].find((field) => field.value === label);
  if (known) {
    known.checked = true;
    return;
  }
  const template = box.querySelector("[data-tag-template]");
  const choice = template.content.firstElementChild.cloneNode(true);
  choice.querySelector("input").value = label;
  choice.querySelector("span").textContent = label;
  template.before(choice);
}

let renewed = performance.now();

/** The example stays this person's while they are at it; after 15 minutes of rest it goes to others. */
async function onLife() {
  const url = document.querySelector("[data-renew]")?.dataset.renew;
  if (!url || performance.now() - renewed < RENEW_MS) return;
  renewed = performance.now();
  try {
    const answer = await fetch(url, { method: "POST" });
    if (answer.status === 409) toast("Somebody else has this example now. Reload the page for the next one.", "warn");
  } catch {
    /* the next sign of life tries again */
  }
}

onContent("[data-needs-script]", (part) => {
  part.hidden = false;
});
document.addEventListener("click", (event) => {
  const edit = event.target.closest?.("[data-edit]");
  if (!edit || !event.target.closest("summary, [data-edit-done]")) return;
  event.preventDefault();
  setOpen(edit, !edit.open);
});
document.addEventListener("keydown", (event) => {
  if (event.target.matches?.("[data-tag-input]") && (event.key === "Enter" || event.key === ",")) {
    if (event.ctrlKey || event.metaKey || event.isComposing) return;
    event.preventDefault();
    addTag(event.target);
  }
});
document.addEventListener("holdout:draft-restored", (event) => {
  for (const field of event.target.elements) {
    const edit = field.closest("[data-edit]");
    if (edit && field.value !== field.defaultValue) edit.open = true;
  }
});
for (const sign of ["pointerdown", "keydown", "wheel"]) addEventListener(sign, onLife, { passive: true });
if (document.querySelector("[data-ahead]")) startDeciding();
