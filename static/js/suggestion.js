/* A model's corrected answer goes into the field only when the reviewer asks for it, and is theirs from then on. */
document.addEventListener("click", (event) => {
  const use = event.target.closest?.("[data-use-answer]");
  if (!use) return;
  const text = use.closest(".suggestion").querySelector("[data-suggested-answer]").textContent;
  const edit = document.querySelector(".message-target [data-edit]");
  if (!edit) return;
  const field = edit.querySelector("textarea");
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  edit.open = true;
  field.focus();
});
