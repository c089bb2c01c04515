// Tabs of the side column; on a phone the parts of the console are tabs as well.

// `hides` false: the style sheet decides what is seen (a wide screen shows all parts at once).
export function createTabs(list, { onChange = () => {}, hides = true } = {}) {
  const tabs = [...list.querySelectorAll("[role='tab']")];
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  function choose(tab, { focus = false } = {}) {
    for (const one of tabs) {
      const on = one === tab;
      one.setAttribute("aria-selected", String(on));
      one.tabIndex = on ? 0 : -1;
      if (hides) panelOf(one).hidden = !on;
    }
    if (focus) tab.focus();
    onChange(tab.dataset.tab);
  }

  for (const tab of tabs) tab.addEventListener("click", () => choose(tab));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.indexOf(document.activeElement);
    choose(tabs[(at + step + tabs.length) % tabs.length], { focus: true });
  });
  const named = (name) => tabs.find((tab) => tab.dataset.tab === name);
  return {
    show: (name) => choose(named(name)),
    mark: (name, text) => {
      named(name).querySelector("[data-mark]").textContent = text;
    },
    get shown() {
      return tabs.find((tab) => tab.getAttribute("aria-selected") === "true")?.dataset.tab;
    },
  };
}
