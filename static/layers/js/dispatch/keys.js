// Keys: single ones act only where the focus is; everything is listed by the help overlay.

import { button, clear, el } from "../dom.js";
import { t } from "../text.js";

const sets = [];
const TYPING = "input:not([type='radio'], [type='checkbox'], [type='button']), textarea, select, [contenteditable]";

export const isTyping = (node) => Boolean(node?.closest?.(TYPING));

// `root`: a node (or several) that must hold the focus, or null for the whole page.
// `entries`: [{key, does, run(event), when?, typing?}]; keys as KeyboardEvent.key, `Ctrl+Enter` too.
// `hidden` sets are not listed in the help.
export function bindKeys(root, title, entries, { hidden = false } = {}) {
  const set = { roots: root ? [root].flat() : null, title, entries, hidden };
  sets.unshift(set);
  return () => sets.splice(sets.indexOf(set), 1);
}

function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `Ctrl+${key}` : key;
}

function depth(node) {
  let steps = 0;
  for (let at = node; at; at = at.parentElement) steps += 1;
  return steps;
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.defaultPrevented || event.isComposing) return;
  const open = document.querySelector("dialog[open]");
  const pressed = nameOf(event);
  const typing = isTyping(event.target);
  const fitting = sets
    .map((set) => ({ set, at: set.roots?.find((root) => root.contains(event.target)) ?? null }))
    .filter(({ set, at }) => (!set.roots || at) && (!open || (at && open.contains(at))))
    .sort((a, b) => depth(b.at) - depth(a.at));
  for (const { set } of fitting) {
    const entry = set.entries.find((one) => one.key === pressed && (!typing || one.typing) && (!one.when || one.when(event)));
    if (!entry) continue;
    // A held key acts once: nobody sends a unit twice by leaning on the desk.
    if (event.repeat && !entry.repeats) {
      event.preventDefault();
      return;
    }
    event.preventDefault();
    entry.run(event);
    return;
  }
});

const SHOWN = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", Enter: "↵", "Ctrl+Enter": "Ctrl ↵", " ": "␣" };
export const keyName = (key) => SHOWN[key] ?? (key.length === 1 ? key.toUpperCase() : key);

export function keyMark(key) {
  return el("kbd", { class: "key", "aria-hidden": "true", text: keyName(key) });
}

// A button that shows its key.
export function keyButton(label, key, properties = {}) {
  return el("button", { type: "button", class: "button", ...properties, ...(key ? { "aria-keyshortcuts": key } : {}) }, el("span", { text: label }), key ? keyMark(key) : null);
}

let overlay = null;

export function toggleHelp(extra = []) {
  if (overlay) {
    overlay.close();
    return;
  }
  const before = document.activeElement;
  overlay = el("dialog", { class: "dialog help", "aria-labelledby": "help-title" });
  const groups = new Map();
  for (const set of [...sets].reverse()) {
    if (set.hidden) continue;
    const lines = groups.get(set.title) ?? [];
    for (const entry of set.entries) if (entry.does) lines.push([keyName(entry.key), entry.does]);
    groups.set(set.title, lines);
  }
  for (const [title, lines] of extra) groups.set(title, lines);
  overlay.append(
    el("div", { class: "help-head" }, el("h2", { id: "help-title", text: t("Keys and commands") }), button(t("Close"), { class: "button is-quiet", iconOnly: true, onclick: () => overlay.close() }, "close")),
    el("div", { class: "help-groups", tabindex: "0", role: "region", "aria-labelledby": "help-title" }, [...groups].filter(([, lines]) => lines.length).map(([title, lines]) =>
      el("section", {}, el("h3", { text: title }), el("dl", { class: "help-lines" }, lines.map(([key, does]) => el("div", {}, el("dt", {}, el("kbd", { class: "key", text: key })), el("dd", { text: does }))))),
    )),
  );
  overlay.addEventListener("close", () => {
    clear(overlay).remove();
    overlay = null;
    before?.focus?.({ preventScroll: true });
  });
  document.body.append(overlay);
  overlay.showModal();
}
