/* `<time data-relative>`: "3 minutes ago" in the reader's language, the exact time stays in the title. */
import { onContent } from "./content.js";

const STEPS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function relative(then, now, locale = document.documentElement.lang || "en") {
  const seconds = Math.round((then - now) / 1000);
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return seconds < -5 ? words.format(seconds, "second") : "just now";
}

function show(element) {
  const then = Date.parse(element.dateTime);
  if (!Number.isNaN(then)) element.textContent = relative(then, Date.now());
}

export function startTimes() {
  onContent("time[data-relative]", show);
  setInterval(() => document.querySelectorAll("time[data-relative]").forEach(show), 30_000);
}
