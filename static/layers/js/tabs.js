// Tabs: one panel at a time; arrow keys, Home and End move between them, the address keeps the choice.

export function createTabs(list, { onShow = () => {} } = {}) {
  const tabs = [...list.querySelectorAll("[role='tab']")];
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  function show(name, { focus = false } = {}) {
    const chosen = tabs.find((tab) => tab.dataset.tab === name) ?? tabs[0];
    for (const tab of tabs) {
      const here = tab === chosen;
      tab.setAttribute("aria-selected", String(here));
      tab.tabIndex = here ? 0 : -1;
      panel(tab).hidden = !here;
    }
    if (focus) chosen.focus();
    const address = new URL(location.href);
    if (chosen === tabs[0]) address.searchParams.delete("tab");
    else address.searchParams.set("tab", chosen.dataset.tab);
    history.replaceState(history.state, "", address);
    onShow(chosen.dataset.tab);
  }

  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role='tab']");
    if (tab) show(tab.dataset.tab);
  });
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    show(tabs[(next + tabs.length) % tabs.length].dataset.tab, { focus: true });
  });

  return { show, start: () => show(new URL(location.href).searchParams.get("tab") ?? tabs[0].dataset.tab) };
}
