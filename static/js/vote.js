/* Voting: the next pair is ready (deciding.js), long outputs scroll together, Enter leaves the field beside a choice. */
import { startDeciding } from "./deciding.js";

let moved = null;

/** The same share of the way, whichever is the longer; the echo of a move that was ours is no new one. */
function together(event) {
  const one = event.target;
  if (one.dataset?.scrollTogether === undefined) return;
  if (moved === one) {
    moved = null;
    return;
  }
  const way = one.scrollHeight - one.clientHeight;
  for (const other of one.closest(".pair").querySelectorAll("[data-scroll-together]")) {
    if (other === one) continue;
    const to = way > 0 ? (one.scrollTop / way) * (other.scrollHeight - other.clientHeight) : 0;
    if (Math.abs(other.scrollTop - to) < 1) continue;
    moved = other;
    other.scrollTop = to;
  }
}

document.addEventListener("scroll", together, { capture: true, passive: true });
document.addEventListener("keydown", (event) => {
  if (event.target.name !== "rationale" || event.isComposing) return;
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.preventDefault();
  event.target.blur();
});
if (document.querySelector(".vote[data-ahead]")) startDeciding();
