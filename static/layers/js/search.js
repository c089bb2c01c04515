// The search box: names, addresses, intersections, coordinates; `/` focuses it.

import { searchPlaces } from "./api.js";
import { clear, debounce, el } from "./dom.js";
import { t } from "./text.js";

export function createSearch(box, { near, onChoose, slash = true }) {
  const input = box.querySelector("input");
  const list = box.querySelector("[role='listbox']");
  const state = box.querySelector("[data-search-state]");
  let results = [];
  let active = -1;
  let pending = null;

  function setOpen(open) {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) activate(-1);
  }

  function activate(index) {
    active = index;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === index)));
    if (index >= 0) {
      input.setAttribute("aria-activedescendant", list.children[index].id);
      list.children[index].scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function show(found) {
    results = found;
    clear(list);
    found.forEach((result, index) => {
      list.append(
        el(
          "li",
          { id: `${list.id}-${index}`, role: "option", "aria-selected": "false", class: "search-result", onmousedown: (event) => event.preventDefault(), onclick: () => choose(index) },
          el("span", { class: "search-label", text: result.label }),
          el("span", { class: "search-kind", text: [result.kind_title, result.context].filter(Boolean).join(" · ") }),
        ),
      );
    });
    setOpen(found.length > 0);
    state.textContent = found.length ? t("{n} results", { n: found.length }) : "";
  }

  function choose(index) {
    const result = results[index];
    if (!result) return;
    input.value = result.label;
    setOpen(false);
    onChoose(result);
  }

  async function search() {
    const text = input.value.trim();
    pending?.abort();
    if (text.length < 2) {
      show([]);
      return;
    }
    pending = new AbortController();
    try {
      const answer = await searchPlaces(text, { near: near(), signal: pending.signal });
      show(answer.results);
      if (!answer.results.length) {
        state.textContent = answer.hint || t("Nothing found");
        state.classList.add("is-shown");
      } else {
        state.textContent = answer.hint || state.textContent;
        state.classList.toggle("is-shown", Boolean(answer.hint));
      }
    } catch (error) {
      if (error.name !== "AbortError") {
        show([]);
        state.textContent = error.message;
        state.classList.add("is-shown");
      }
    }
  }

  const soon = debounce(search, 180);
  input.addEventListener("input", () => {
    state.classList.remove("is-shown");
    soon();
  });
  input.addEventListener("focus", () => results.length && setOpen(true));
  input.addEventListener("blur", () => setTimeout(() => setOpen(false), 120));
  input.addEventListener("keydown", async (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden && results.length) setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (results.length) activate((active + step + results.length) % results.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (!results.length) await search();
      choose(active >= 0 ? active : 0);
    } else if (event.key === "Escape") {
      if (list.hidden) input.value = "";
      setOpen(false);
    }
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (slash && event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      input.focus();
      input.select();
    }
  });
  return { focus: () => input.focus() };
}
