// Lists walked by the arrow keys: one stop of Tab for the whole list.

const ROW = "[data-row]";

export function createRoving(list, { onEnter = null } = {}) {
  const rows = () => [...list.querySelectorAll(ROW)].filter((row) => row.offsetParent !== null || row.getClientRects().length);

  function settle(wanted = null) {
    const all = [...list.querySelectorAll(ROW)];
    const here = wanted ?? all.find((row) => row === document.activeElement || row.contains(document.activeElement)) ?? all.find((row) => row.tabIndex === 0) ?? all[0];
    for (const row of all) row.tabIndex = row === here ? 0 : -1;
  }

  list.addEventListener("focusin", (event) => {
    const row = event.target.closest(ROW);
    if (row) settle(row);
  });
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest(ROW);
    if (!row || event.target !== row) return;
    const all = rows();
    const at = all.indexOf(row);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const goal = all[Math.min(Math.max(next, 0), all.length - 1)];
    goal?.focus();
    goal?.scrollIntoView({ block: "nearest" });
    if (goal) onEnter?.(goal);
  });

  return {
    settle,
    focus() {
      const goal = list.querySelector(`${ROW}[aria-current='true']`) ?? list.querySelector(`${ROW}[tabindex='0']`) ?? list.querySelector(ROW);
      goal?.focus();
      return Boolean(goal);
    },
  };
}
