/* Runs before the first paint, so that a chosen theme never flashes. Kept tiny: it blocks rendering. */
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const theme = document.cookie.match(/(?:^|; )theme=(light|dark)/);
  if (theme) root.dataset.theme = theme[1];
  try {
    if (localStorage.getItem("holdout:hotkeys") === "off") root.dataset.hotkeys = "off";
  } catch {
    /* storage is blocked: keys stay on */
  }
})();
