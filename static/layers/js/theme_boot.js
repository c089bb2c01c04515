// Sets the theme before the first paint; runs as a plain script for that reason alone.
(() => {
  let choice = "auto";
  try {
    choice = localStorage.getItem("ncc-theme") ?? "auto";
  } catch {
    // Storage may be closed; the system's preference then decides.
  }
  const dark = choice === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : choice === "dark";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
