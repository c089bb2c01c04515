// A text field with a list of suggestions under it: arrows choose, Enter takes, Escape only closes.

import { clear, debounce, el } from "../dom.js";

let made = 0;

// `source(text)` answers items {label, detail, …}, now or later. Typing asks again; the last answer wins.
export function createCombo(input, { source, onChoose, wait = 0, label = "", up = false }) {
  made += 1;
  const list = el("ul", { id: `combo-${made}`, class: up ? "combo-list is-up" : "combo-list", role: "listbox", "aria-label": label || input.getAttribute("aria-label") || "", hidden: true });
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("autocomplete", "off");
  input.setAttribute("spellcheck", "false");
  input.after(list);
  let items = [];
  let active = -1;
  let turn = 0;

  function setOpen(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) activate(-1);
  }

  function activate(at) {
    active = at;
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
    if (at >= 0) {
      input.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function show(found) {
    items = found;
    clear(list).append(...found.map((item, at) =>
      el("li", { id: `${list.id}-${at}`, role: "option", "aria-selected": "false", onmousedown: (event) => event.preventDefault(), onclick: () => choose(at) },
        el("span", { class: "combo-label", text: item.label }), item.detail ? el("span", { class: "combo-detail", text: item.detail }) : null)));
    setOpen(found.length > 0 && document.activeElement === input);
  }

  function choose(at) {
    const item = items[at];
    if (!item) return;
    turn += 1;
    setOpen(false);
    onChoose(item);
  }

  async function ask() {
    const mine = ++turn;
    const found = await source(input.value);
    if (mine === turn) show(found ?? []);
  }
  const soon = wait ? debounce(ask, wait) : ask;

  input.addEventListener("input", () => soon());
  input.addEventListener("blur", () => setTimeout(() => setOpen(false), 120));
  input.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && items.length && !list.hidden) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      activate(active < 0 && step < 0 ? items.length - 1 : (active + step + items.length) % items.length);
    } else if (event.key === "Enter" && active >= 0 && !list.hidden) {
      event.preventDefault();
      event.stopImmediatePropagation();
      choose(active);
    } else if (event.key === "Tab" && !event.shiftKey && !list.hidden && items.length && input.value.trim() && input.dataset.tab === "completes") {
      // In an empty line Tab leads on, as everywhere.
      event.preventDefault();
      choose(Math.max(active, 0));
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopImmediatePropagation();
      setOpen(false);
    }
  });

  return {
    ask,
    close: () => setOpen(false),
    get items() {
      return items;
    },
    get open() {
      return !list.hidden;
    },
    get active() {
      return active;
    },
  };
}
