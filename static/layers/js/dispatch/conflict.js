// What to tell somebody whose form was overtaken: which fields, from what to what, by whom, and both ways out.

import { button, el } from "../dom.js";
import { t } from "../text.js";
import { overtakenWords, refusalWords } from "./refusals.js";

export const isConflict = (error) => error?.status === 409;

const words = (value) => (value === null || value === undefined || value === "" ? "–" : typeof value === "object" ? (value.name ?? value.code ?? JSON.stringify(value)) : String(value));

// Fields of `base` (what the form was opened with) that differ in `current`: [{name, was, now}].
export function changedFields(base, current, fields) {
  return fields.filter((name) => words(base?.[name]) !== words(current?.[name])).map((name) => ({ name, was: words(base?.[name]), now: words(current?.[name]) }));
}

// `labels`: field → its title. `keepMine()` sends what was typed over it, `takeTheirs()` fills in what stands now.
export function conflictNotice(error, base, labels, { keepMine, takeTheirs }) {
  const current = error.body?.current ?? null;
  const changes = current ? changedFields(base, current, Object.keys(labels)) : [];
  return el("div", { class: "conflict banner", dataset: { kind: "warn" }, role: "alert" },
    el("p", {}, el("b", { text: overtakenWords(error.body ?? {}) })),
    changes.length
      ? el("ul", { class: "conflict-lines" }, changes.map((change) => el("li", {}, el("b", { text: labels[change.name] }), el("span", { text: ` ${change.was} → ${change.now}` }))))
      : el("p", { text: refusalWords(error) }),
    el("p", { class: "console-note", text: t("What you typed is still in the form.") }),
    el("div", { class: "console-row" },
      keepMine ? button(t("Save mine over it"), { class: "button", onclick: keepMine }) : null,
      takeTheirs ? button(t("Take theirs"), { class: "button", onclick: takeTheirs }) : null),
  );
}
