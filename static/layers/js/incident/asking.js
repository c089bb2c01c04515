// A question under the actions of an incident: answered by its own button, left by Escape, never by accident.

import { clear, el } from "../dom.js";
import { t } from "../text.js";

export function createAsking(node) {
  let back = null;

  function close() {
    if (node.hidden) return;
    node.hidden = true;
    clear(node);
    back?.isConnected && back.focus({ preventScroll: true });
    back = null;
  }

  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    event.stopPropagation();
    close();
  });

  return {
    close,
    get open() {
      return !node.hidden;
    },
    // `build(say)` returns nodes; `say(words)` shows an error in place. The first field gets the focus.
    ask(title, build) {
      if (node.hidden) back = document.activeElement;
      const said = el("p", { class: "asking-said", role: "alert" });
      const extra = el("div", { class: "asking-extra" });
      const say = (words, more = null) => {
        said.textContent = words;
        extra.replaceChildren(...(more ? [more] : []));
      };
      clear(node).append(el("h3", { text: title }), ...[build(say)].flat(), said, extra,
        el("p", { class: "console-note", text: t("Esc leaves without doing anything.") }));
      node.hidden = false;
      node.querySelector("input, select, textarea, button")?.focus();
    },
  };
}
