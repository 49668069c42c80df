/* Short messages in the page's live region. The server sends one with the header
   `HX-Trigger: {"toast": {"text": "Approved", "tone": "good"}}`; scripts call `toast()`. */
const STAY_MS = 6000;

export function toast(text, tone = "neutral") {
  const region = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  if (!region || !template) return;
  const element = template.content.firstElementChild.cloneNode(true);
  if (["good", "bad", "warn"].includes(tone)) element.classList.add(`toast-${tone}`);
  element.querySelector("p").textContent = text;
  region.append(element);
  // What went wrong stays until it is read and closed
  if (tone !== "bad") leaveLater(element);
  while (region.children.length > 4) region.firstElementChild.remove();
}

function leaveLater(element) {
  let timer = setTimeout(() => element.remove(), STAY_MS);
  for (const name of ["pointerenter", "focusin"]) element.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) {
    element.addEventListener(name, () => {
      timer = setTimeout(() => element.remove(), STAY_MS / 2);
    });
  }
}

export function startToasts() {
  document.addEventListener("toast", (event) => {
    const detail = event.detail ?? {};
    const text = typeof detail === "string" ? detail : (detail.text ?? detail.value);
    if (text) toast(String(text), detail.tone);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-toast-close]")) event.target.closest(".toast").remove();
  });
}
