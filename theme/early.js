// Runs before the page is painted: marks that scripts run, and puts the reader's choices in place.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let theme = null;
  let contents = null;
  try {
    theme = localStorage.getItem("mdbook-theme");
    contents = localStorage.getItem("mdbook-sidebar");
  } catch {
    // Storage is closed to this page: the theme follows the system.
  }
  if (["light", "rust", "coal", "navy", "ayu"].includes(theme)) root.classList.add(theme);
  const wide = matchMedia("(min-width: 68em)").matches;
  if (wide && contents !== "hidden") root.classList.add("sidebar-visible");
})();
