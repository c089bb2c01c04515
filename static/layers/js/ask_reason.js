// Questions that want words: a reason, a name; Escape never commits.

import { button, el } from "./dom.js";
import { t } from "./text.js";

// Resolves to the text, or to null when it was called off. `needed` false lets it be empty.
export function askReason({ title, message = "", confirm, danger = false, needed = true }) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "reason-title" });
    const field = el("textarea", { id: "reason-text", rows: "3", maxlength: "2000", "aria-describedby": "reason-help" });
    const help = el("p", { id: "reason-help", class: "console-note", text: message });
    const finish = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    const form = el("form", { onsubmit: (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (needed && !text) {
        help.textContent = t("Write the reason: it stays with the plan.");
        field.setAttribute("aria-invalid", "true");
        field.focus();
        return;
      }
      finish(text);
    } },
    el("h2", { id: "reason-title", text: title }), help,
    el("label", { for: "reason-text", text: t("Reason") }), field,
    el("div", { class: "dialog-actions" },
      button(t("Cancel"), { class: "button", onclick: () => finish(null) }),
      el("button", { class: danger ? "button is-danger" : "button is-primary", text: confirm })));
    dialog.append(form);
    dialog.addEventListener("cancel", () => finish(null));
    document.body.append(dialog);
    dialog.showModal();
    field.focus();
  });
}

// Resolves to the trimmed text, or to null when it was called off or left empty.
export function askText({ title, label, value = "", confirm, most = 160 }) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "text-title" });
    const field = el("input", { id: "text-answer", maxlength: String(most), required: true });
    field.value = value;
    const finish = (answer) => {
      dialog.close();
      dialog.remove();
      resolve(answer || null);
    };
    dialog.append(el("form", { onsubmit: (event) => {
      event.preventDefault();
      finish(field.value.trim());
    } },
    el("h2", { id: "text-title", text: title }), el("label", { for: "text-answer", text: label }), field,
    el("div", { class: "dialog-actions" },
      button(t("Cancel"), { class: "button", onclick: () => finish(null) }),
      el("button", { class: "button is-primary", text: confirm }))));
    dialog.addEventListener("cancel", () => finish(null));
    document.body.append(dialog);
    dialog.showModal();
    field.select();
  });
}
