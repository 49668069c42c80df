/* `<input type="hidden" name="seconds" data-active-seconds>`: seconds of attention since the field appeared.
   The gap between two signs of life counts for at most 30 s, so that a coffee break is not work. */
import { onContent } from "./content.js";

const IDLE_MS = 30_000;
const SIGNS = ["pointermove", "pointerdown", "keydown", "wheel", "scroll", "touchstart"];
const clocks = new Map();

function beat() {
  const now = performance.now();
  for (const [field, clock] of clocks) {
    if (!field.isConnected) {
      clocks.delete(field);
      continue;
    }
    if (!clock.away) clock.active += Math.min(now - clock.last, IDLE_MS);
    clock.last = now;
    field.value = String(Math.round(clock.active / 1000));
  }
}

function away(isAway) {
  beat();
  for (const clock of clocks.values()) clock.away = isAway;
}

export function startIdleTimer() {
  onContent("[data-active-seconds]", (field) => {
    if (!clocks.has(field)) clocks.set(field, { active: 0, last: performance.now(), away: document.hidden });
  });
  for (const sign of SIGNS) addEventListener(sign, beat, { passive: true, capture: true });
  // Before htmx collects the values, and before a plain form is sent
  document.addEventListener("click", beat, { capture: true });
  document.addEventListener("submit", beat, { capture: true });
  document.addEventListener("visibilitychange", () => away(document.hidden));
}
