/* The next example is on the page before the answer to this one is back. The page keeps it ready (`ahead`, reserved
   for a short time); a decision shows it at once and is sent behind it, and its answer brings the one after that.
   What could not be saved comes back with all that was typed. Without this script htmx does the same, one by one. */
import { toast } from "./toast.js";

const AGAIN_MS = [800, 2500, 6000];
const KEEPALIVE_BYTES = 60_000; // what a browser still sends while the page is being left

let ahead = null;
let sending = Promise.resolve();
let open = 0;

const shown = () => document.getElementById("item");
const inert = (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
};

function parts(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return { item: page.getElementById("item"), standing: page.getElementById("standing") };
}

function put(item, old = shown()) {
  const fresh = item.ownerDocument === document ? item : document.importNode(item, true);
  const known = fresh.dataset.put !== undefined;
  fresh.dataset.put = "";
  old.replaceWith(fresh);
  scrollTo({ top: 0 });
  if (!known) window.htmx.process(fresh);
  return fresh;
}

function keep(item) {
  if (item?.dataset.example && item.dataset.example !== shown().dataset.example) ahead = document.importNode(item, true);
}

function stand(standing) {
  if (!standing) return;
  const old = document.getElementById("standing");
  const fresh = document.importNode(standing, true);
  // The line that is read aloud stays the same element, so that it is read
  const line = old.querySelector("[data-figures]");
  line.textContent = fresh.querySelector("[data-figures]").textContent;
  fresh.querySelector("[data-figures]").replaceWith(line);
  old.replaceWith(fresh);
  window.htmx.process(fresh);
}

function say(words) {
  const line = document.querySelector("#standing [data-figures]");
  if (line) line.textContent = words;
}

async function send(url, body) {
  const keepalive = body.toString().length < KEEPALIVE_BYTES;
  for (const wait of [...AGAIN_MS, 0]) {
    try {
      const answer = await fetch(url, { method: "POST", headers: { "HX-Request": "true" }, body, keepalive });
      if (answer.status < 500) return { status: answer.status, ...parts(await answer.text()) };
    } catch {
      /* the server is away: the same request again, which the server knows by its token */
    }
    if (!wait) break;
    say("Not saved yet: trying again…");
    await new Promise((done) => setTimeout(done, wait));
  }
  return null;
}

/** Back to what could not be saved; the one that was shown meanwhile stays ready. */
function back(item) {
  ahead = shown();
  put(item);
  item.querySelector(".error-summary")?.focus();
}

function settled(answer, left, form) {
  if (answer?.item && answer.status < 400) {
    document.dispatchEvent(new CustomEvent("holdout:sent", { detail: { form } }));
    stand(answer.standing);
    keep(answer.item);
    return;
  }
  const words = answer?.item?.querySelector(".error-summary h2")?.textContent;
  stand(answer?.standing);
  if (answer?.item?.dataset.example === left.dataset.example) {
    const fresh = document.importNode(answer.item, true);
    back(fresh);
  } else if (answer?.item) {
    toast(words ?? "Not saved: somebody else has that example now.", "bad");
    keep(answer.item);
  } else {
    back(left);
    say("Not saved");
    toast("Not saved: the server did not answer. What you typed is still here; try again.", "bad");
  }
}

/** One after another. What fails here only means that the next decision waits for its answer. */
function queue(work) {
  open += 1;
  sending = sending.then(work).catch(() => {}).finally(() => {
    open -= 1;
  });
}

function decide(form, submitter) {
  const left = shown();
  const body = new URLSearchParams(new FormData(form, submitter));
  body.set("shown", ahead.dataset.example);
  const next = ahead;
  ahead = null;
  document.querySelector("[data-undo]")?.removeAttribute("disabled"); // pressed now, it waits for the answer
  put(next, left);
  queue(async () => settled(await send(form.action, body), left, form));
}

function onSubmit(event) {
  const form = event.target;
  const submitter = event.submitter;
  if (form.id !== "decide" && form.dataset.skip === undefined) return;
  // Else the cursor would go into the same field of the next example, and the next key would be typed, not pressed
  document.activeElement?.blur();
  if (ahead && (form.id !== "decide" || submitter?.value)) {
    inert(event);
    decide(form, submitter);
  } else if (open) {
    inert(event);
    sending.then(() => form.isConnected && form.requestSubmit(submitter));
  }
}

function onClick(event) {
  // The second half of a double click meets the next example, which nobody has read
  if (event.detail > 1 && event.target.closest?.("button[form=decide], [data-skip] button")) return inert(event);
  takeBack(event);
}

/** The button that takes back names the last saved decision: while one is on its way, wait for it. */
function takeBack(event) {
  if (!event.target.closest?.("[data-undo]")) return;
  if (open) {
    inert(event);
    sending.then(() => document.querySelector("[data-undo]")?.click());
    return;
  }
  ahead = null;
}

/** Have the next one ready. A key that is pressed meanwhile waits for it. */
function look() {
  const example = shown()?.dataset.example;
  if (ahead?.dataset.example === example) ahead = null;
  if (!example || ahead || open) return;
  const url = document.querySelector("[data-ahead]").dataset.ahead;
  queue(async () => {
    const answer = await fetch(url, {
      method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams({ shown: example }),
    });
    if (answer.status === 200) keep(parts(await answer.text()).item);
  });
}

export function startDeciding() {
  document.addEventListener("submit", onSubmit, { capture: true });
  document.addEventListener("click", onClick, { capture: true });
  document.addEventListener("htmx:after:swap", look);
  look();
}
