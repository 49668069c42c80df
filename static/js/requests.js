/* What htmx leaves to us: a failure is always said aloud, and a whole page never lands inside a part of one. */
import { toast } from "./toast.js";

const WHOLE_PAGE = /^\s*<!doctype/i;

function firstWords(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return page.querySelector("[data-error-page] p")?.textContent.trim() || page.querySelector("h1")?.textContent.trim();
}

function onBeforeSwap(event) {
  const { ctx } = event.detail;
  const status = ctx.response?.status ?? 0;
  if (status < 400) return;
  if (status >= 500 || WHOLE_PAGE.test(ctx.text ?? "")) {
    event.preventDefault();
    toast(firstWords(ctx.text ?? "") || "The server could not do that. Nothing was saved; try again.", "bad");
  }
}

export function startRequests() {
  document.addEventListener("htmx:before:swap", onBeforeSwap);
  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.response) return;
    toast("Not saved: the server did not answer. What you typed is still here.", "bad");
  });
  document.addEventListener("htmx:sse:error", () => {
    document.documentElement.dataset.live = "lost";
  });
}
