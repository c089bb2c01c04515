// Questions that need an answer; Escape never commits.

import { button, el } from "./dom.js";
import { t } from "./text.js";

// Resolves to true only when the confirming button was pressed.
export function confirmDialog({ title, message, confirm, danger = false }) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "dialog-title" });
    const finish = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    dialog.append(
      el("h2", { id: "dialog-title", text: title }),
      el("p", { text: message }),
      el(
        "div",
        { class: "dialog-actions" },
        button(t("Cancel"), { class: "button", onclick: () => finish(false) }),
        button(confirm, { class: danger ? "button is-danger" : "button is-primary", onclick: () => finish(true) }),
      ),
    );
    dialog.addEventListener("cancel", () => finish(false));
    document.body.append(dialog);
    dialog.showModal();
  });
}
