// What every page's frame needs: the theme switch, the menu on a phone, the language form.

import { t } from "./text.js";
import { currentTheme, onThemeChange, toggleTheme } from "./theme.js";

const themeButton = document.querySelector("[data-theme-toggle]");
if (themeButton) {
  const name = () => {
    const words = currentTheme() === "dark" ? t("Light colours") : t("Dark colours");
    themeButton.setAttribute("aria-label", words);
    themeButton.title = words;
  };
  name();
  onThemeChange(name);
  themeButton.addEventListener("click", toggleTheme);
}

const menuButton = document.querySelector("[data-menu-toggle]");
if (menuButton) {
  const menu = document.getElementById(menuButton.getAttribute("aria-controls"));
  const set = (open) => {
    menu.dataset.open = String(open);
    menuButton.setAttribute("aria-expanded", String(open));
  };
  menuButton.addEventListener("click", () => set(menu.dataset.open !== "true"));
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      set(false);
      menuButton.focus();
    }
  });
}
