// Dark or light: the system's preference until somebody chooses.

const listeners = new Set();
const system = matchMedia("(prefers-color-scheme: dark)");

export function currentTheme() {
  return document.documentElement.dataset.theme === "light" ? "light" : "dark";
}

export function onThemeChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function stored() {
  try {
    return localStorage.getItem("ncc-theme");
  } catch {
    return null;
  }
}

function apply(theme) {
  if (theme === currentTheme()) return;
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener(theme);
}

export function toggleTheme() {
  const next = currentTheme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("ncc-theme", next);
  } catch {
    // The choice then lasts for this page.
  }
  apply(next);
}

system.addEventListener("change", () => {
  if (!stored()) apply(system.matches ? "dark" : "light");
});
