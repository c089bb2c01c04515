// Short messages at the edge of the screen, read out by screen readers.

import { button, el } from "./dom.js";
import { t } from "./text.js";

function region() {
  let node = document.getElementById("toasts");
  if (!node) {
    node = el("div", { id: "toasts", class: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(node);
  }
  return node;
}

// `kind`: info, good, warn or bad. A bad one stays until it is closed.
export function toast(message, kind = "info") {
  const node = el("div", { class: "toast", dataset: { kind } }, el("span", { text: message }));
  const close = () => node.remove();
  node.append(button(t("Close"), { class: "button is-quiet", iconOnly: true, onclick: close }, "close"));
  region().append(node);
  if (kind !== "bad") setTimeout(close, 6000);
  return close;
}
