// Runs before the page is painted: marks that scripts run, and puts the reader's choices in place.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  // The kernels on the reader's card have a page of their own now: links to their widget go there.
  if (/\/ch08-flash-attention\.html$/.test(location.pathname) && /^\?gpu=/.test(location.search)) {
    location.replace(`flash-on-your-card.html${location.search}`);
  }
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
