/* Native dialogs: `data-dialog-open="id"` opens one, `data-dialog-close` closes the one around it. */
export function openDialog(dialog) {
  if (!dialog.open) dialog.showModal();
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-dialog-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (dialog) openDialog(dialog);
      return;
    }
    if (event.target.closest?.("[data-dialog-close]")) {
      event.target.closest("dialog")?.close();
      return;
    }
    // A click on the backdrop lands on the dialog itself, outside its box
    if (event.target instanceof HTMLDialogElement && event.target.open) {
      const box = event.target.getBoundingClientRect();
      const inside =
        event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside && event.detail > 0) event.target.close();
    }
  });
}
