// What can be done with an incident now: one key each; what needs an answer asks under the row.

import { incidentEdit, incidentMerge, incidentState } from "../api_dispatch.js";
import { clear, el } from "../dom.js";
import { shortNumber } from "../dispatch/board.js";
import { changedFields, conflictNotice, isConflict } from "../dispatch/conflict.js";
import { createCombo } from "../dispatch/combo.js";
import { newKey } from "../dispatch/ids.js";
import { bindKeys, keyButton, keyMark } from "../dispatch/keys.js";
import { typeName } from "../dispatch/marks.js";
import { refusalWords } from "../dispatch/refusals.js";
import { t } from "../text.js";

const KEYS = { accept: "a", hold: "h", resume: "r", under_control: "k", close: "c", cancel: "x", reopen: "r" };

export function createActions(node, asking, { root, board, choices, can, current, onDone }) {
  const row = node;

  // Sends an order with the version on the screen; a conflict shows what changed and loses nothing.
  async function send(order, say, key, again = false) {
    const incident = current();
    try {
      onDone(await incidentState(incident.id, { version: incident.version, ...order }, key));
      asking.close();
    } catch (error) {
      const now = error.body?.current;
      if (now) onDone(now, { quiet: true });
      if (error.body?.units?.length) {
        // Units are still out: cleared and stamped all together, or not closed at all.
        say(refusalWords(error), keyButton(t("Clear them all and go on"), "", { class: "button is-danger", onclick: () => send({ ...order, clear_units: true }, say, newKey()) }));
      } else if (error.body?.stale && now?.state === incident.state && now.priority === incident.priority && !again) {
        // Only what this order does not touch has moved on.
        send(order, say, newKey(), true);
      } else if (error.body?.stale && now) {
        say("", conflictNotice(error, incident, { state: t("State"), priority: t("Priority"), disposition: t("Disposition") }, { keepMine: () => send(order, say, newKey()) }));
      } else say(refusalWords(error));
    }
  }

  function simple(action) {
    asking.ask(t(`action_${action}`), (say) => {
      const key = newKey();
      send({ action }, say, key);
      return [];
    });
  }

  function askReason(action) {
    const key = newKey();
    asking.ask(t(`action_${action}`), (say) => {
      const reason = el("input", { type: "text", maxlength: 200, "aria-label": t("Reason"), placeholder: t("Reason") });
      const form = el("form", { class: "asking-form" }, reason, keyButton(t(`action_${action}`), "", { type: "submit", class: "button is-danger" }));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!reason.value.trim()) say(t("Give a reason."));
        else send({ action, reason: reason.value.trim() }, say, key);
      });
      return form;
    });
  }

  function askClose() {
    const key = newKey();
    const incident = current();
    const out = (incident.units ?? []).length;
    asking.ask(t("Close {number} as", { number: shortNumber(incident.number) }), (say) => {
      const clearUnits = el("input", { type: "checkbox", id: "close-clears" });
      const list = el("div", { class: "choice-keys" }, choices.dispositions.map((one, at) =>
        el("button", { type: "button", class: "button", dataset: { choice: String(at + 1) }, onclick: () => send({ action: "close", disposition: one.code, clear_units: clearUnits.checked }, say, key) }, el("span", { text: one.name }), keyMark(String(at + 1)))));
      list.addEventListener("keydown", (event) => {
        const chosen = list.querySelector(`[data-choice='${event.key}']`);
        if (chosen && !event.repeat) {
          event.preventDefault();
          chosen.click();
        }
      });
      // With units still out the box comes after the choices, so that the first key never clears anybody.
      return [list, out ? el("label", { class: "check-line", for: "close-clears" }, clearUnits, el("span", { text: t("{n} units are still out: clear them all now", { n: out }) })) : null].filter(Boolean);
    });
  }

  function askMerge() {
    const key = newKey();
    asking.ask(t("Merge into which incident?"), (say) => {
      const incident = current();
      const input = el("input", { type: "text", inputmode: "numeric", "aria-label": t("Number of the other incident"), placeholder: t("end of its number") });
      const form = el("form", { class: "asking-form" }, el("div", { class: "combo-box" }, input), keyButton(t("Merge"), "", { type: "submit", class: "button is-primary" }));
      createCombo(input, {
        source: (text) => board.state.incidents.filter((one) => one.id !== incident.id && one.number.endsWith(text.trim())).slice(0, 6).map((one) => ({ label: one.number, detail: [typeName(one.type), one.address].filter(Boolean).join(", ") })),
        onChoose: (one) => (input.value = one.label),
      });
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const found = board.numbered(input.value.trim()).filter((one) => one.id !== incident.id);
        if (found.length !== 1) {
          say(t("No single open incident ends with {n}.", { n: input.value }));
          return;
        }
        try {
          onDone(await incidentMerge(incident.id, { version: current().version, into: found[0].number }, key));
          asking.close();
        } catch (error) {
          if (isConflict(error) && error.body.current) onDone(error.body.current, { quiet: true });
          say(refusalWords(error));
        }
      });
      return form;
    });
  }

  function askEdit() {
    const base = { ...current() };
    let version = base.version;
    const fields = { type: t("Type"), priority: t("Priority"), alarm_level: t("Alarm level"), address: t("Address"), summary: t("Summary") };
    asking.ask(t("Change {number}", { number: shortNumber(base.number) }), (say) => {
      const type = el("select", { name: "type" }, choices.types.map((one) => el("option", { value: one.code, text: one.name, selected: one.code === base.type?.code })));
      const digits = (name, most) => el("select", { name }, Array.from({ length: most }, (_none, at) => el("option", { value: String(at + 1), text: String(at + 1), selected: at + 1 === base[name] })));
      const inputs = {
        type, priority: digits("priority", 5), alarm_level: digits("alarm_level", 5),
        address: el("input", { type: "text", name: "address", maxlength: 300, value: base.address ?? "" }),
        summary: el("textarea", { name: "summary", maxlength: 500, rows: 2 }),
      };
      inputs.summary.value = base.summary ?? "";
      const was = (name) => (name === "type" ? base.type?.code : (base[name] ?? ""));
      const form = el("form", { class: "asking-form is-wide" }, Object.entries(inputs).map(([name, input]) => el("label", { class: "form-row" }, el("span", { text: fields[name] }), input)),
        keyButton(t("Save"), "Ctrl+Enter", { type: "submit", class: "button is-primary" }));
      const save = async () => {
        const mine = {};
        for (const [name, input] of Object.entries(inputs)) if (String(input.value) !== String(was(name))) mine[name] = ["priority", "alarm_level"].includes(name) ? Number(input.value) : input.value;
        if (!Object.keys(mine).length) {
          asking.close();
          return;
        }
        try {
          onDone(await incidentEdit(base.id, { version, ...mine }));
          asking.close();
        } catch (error) {
          const now = error.body?.current;
          if (!isConflict(error) || !now) {
            say(refusalWords(error));
            return;
          }
          onDone(now, { quiet: true });
          // Nothing in this form was changed by the other: it goes through on the row as it is now.
          if (!changedFields(base, now, Object.keys(fields)).length && version !== now.version) {
            version = now.version;
            save();
            return;
          }
          say("", conflictNotice(error, base, fields, {
            keepMine: () => {
              version = now.version;
              save();
            },
            takeTheirs: () => {
              version = now.version;
              Object.assign(base, now);
              for (const [name, input] of Object.entries(inputs)) input.value = was(name);
              say("");
              inputs.address.focus();
            },
          }));
        }
      };
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        save();
      });
      form.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          save();
        }
      });
      return form;
    });
  }

  const RUN = { close: askClose, cancel: () => askReason("cancel"), reopen: () => askReason("reopen"), hold: () => askReason("hold"), resume: () => simple("resume"), under_control: () => simple("under_control"), accept: () => simple("accept") };
  const allowed = (action) => can.dispatch && (current()?.actions ?? []).includes(action);
  const open = () => can.dispatch && current() && !["closed", "cancelled", "merged"].includes(current().state);
  const print = () => window.open(`/dispatch/incidents/${current().id}/print`, "_blank", "noopener");

  bindKeys(root, t("In an incident (queue or panel)"), [
    ...["accept", "under_control", "close", "hold", "cancel"].map((action) => ({ key: KEYS[action], does: t(`action_${action}`), when: () => allowed(action), run: RUN[action] })),
    { key: "r", does: `${t("action_resume")} / ${t("action_reopen")}`, when: () => allowed("resume") || allowed("reopen"), run: () => RUN[allowed("resume") ? "resume" : "reopen"]() },
    { key: "e", does: t("Change type, priority, address"), when: open, run: askEdit },
    { key: "w", does: t("Merge into another"), when: open, run: askMerge },
    { key: "p", does: t("Print the sheet"), when: () => Boolean(current()), run: print },
  ]);

  return {
    show() {
      const has = document.activeElement?.closest?.("[data-action]")?.dataset.action;
      clear(row);
      for (const action of ["accept", "under_control", "close", "resume", "reopen", "hold", "cancel"]) {
        if (allowed(action)) row.append(keyButton(t(`action_${action}`), KEYS[action], { class: action === "cancel" ? "button is-small is-warning" : "button is-small", dataset: { action }, onclick: RUN[action] }));
      }
      if (open()) {
        row.append(keyButton(t("Change"), "e", { class: "button is-small", dataset: { action: "edit" }, onclick: askEdit }));
        row.append(keyButton(t("Merge"), "w", { class: "button is-small", dataset: { action: "merge" }, onclick: askMerge }));
      }
      row.append(keyButton(t("Print"), "p", { class: "button is-small", dataset: { action: "print" }, onclick: print }));
      if (has) row.querySelector(`[data-action='${has}']`)?.focus({ preventScroll: true });
    },
    askEdit, askClose,
  };
}
