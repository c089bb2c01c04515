// Units on an incident: each with its step, its time in it, and every next step one key away.

import { assignmentStep, unitJob } from "../api_dispatch.js";
import { clear, el } from "../dom.js";
import { tickCells } from "../dispatch/clock.js";
import { newKey } from "../dispatch/ids.js";
import { bindKeys, keyMark } from "../dispatch/keys.js";
import { STEPS, classMark, nextStep, stepName, timer } from "../dispatch/marks.js";
import { createRoving } from "../dispatch/roving.js";
import { refusalWords } from "../dispatch/refusals.js";
import { t } from "../text.js";

const KEYS = { dispatched: "d", acknowledged: "a", en_route: "o", staged: "b", on_scene: "s", transport: "t", at_facility: "f", clear: "l", cancel: "x" };

export function createCrew(node, { can, current, onStepped, onLook }) {
  const list = node.querySelector("[data-crew]");
  const said = node.querySelector("[data-crew-said]");
  let drawn = "";
  const roving = createRoving(list, { onEnter: (row) => onLook(row.dataset.callsign) });

  const focused = () => {
    const row = document.activeElement?.closest?.("[data-row]");
    return row && list.contains(row) ? (current()?.units ?? []).find((unit) => String(unit.assignment) === row.dataset.assignment) : null;
  };

  async function step(unit, wanted, extra = {}) {
    said.replaceChildren();
    try {
      await assignmentStep(unit.assignment, { step: wanted, ...extra }, newKey());
      onStepped();
    } catch (error) {
      // An order of steps that makes no sense may be overridden, with a reason.
      const reason = el("input", { type: "text", maxlength: 200, "aria-label": t("Reason"), placeholder: t("Reason, to do it all the same") });
      const form = el("form", { class: "asking-form" }, reason, el("button", { class: "button is-small", text: t("Override") }));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (reason.value.trim()) step(unit, wanted, { override: true, reason: reason.value.trim() });
      });
      form.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        said.replaceChildren();
        list.querySelector(`[data-assignment='${unit.assignment}']`)?.focus();
      });
      said.replaceChildren(el("p", { class: "asking-said", text: `${unit.callsign}: ${refusalWords(error)}` }), ...(error.body?.override || error.body?.possible ? [form] : []));
      if (form.isConnected) reason.focus();
    }
  }

  bindKeys(list, t("On a unit of the incident"), ["dispatched", ...STEPS, "cancel"].map((wanted) => ({
    // A reserved unit may be sent before its time; others have been sent.
    key: KEYS[wanted], does: stepName(wanted), when: () => can.dispatch && focused() && (wanted !== "dispatched" || focused().step === "reserved"), run: () => step(focused(), wanted),
  })));

  function rowOf(unit) {
    const next = nextStep(unit);
    const more = [...STEPS, "cancel"].filter((one) => one !== next && one !== unit.step);
    const stepButton = (wanted, primary) => el("button", { type: "button", class: `button is-small${primary ? " is-primary" : ""}`, tabIndex: primary ? 0 : -1, dataset: { step: wanted }, onclick: () => step(unit, wanted) }, el("span", { text: stepName(wanted) }), keyMark(KEYS[wanted]));
    return el("li", {}, el("div", { class: "crew-row", tabIndex: -1, role: "group", "aria-label": `${unit.callsign}, ${stepName(unit.step)}`, dataset: { row: "", assignment: String(unit.assignment), callsign: unit.callsign } },
      classMark("committed"),
      el("b", { class: "callsign", text: unit.callsign }),
      el("span", { class: "crew-step", dataset: { step: unit.step }, text: stepName(unit.step) }),
      timer(unit.since, unit.overdue ? "late" : ""),
      can.dispatch ? el("span", { class: "crew-steps" }, next ? stepButton(next, true) : null, el("details", { class: "crew-more" }, el("summary", { text: t("other steps") }), el("span", {}, more.map((one) => stepButton(one, false))))) : null,
    ));
  }

  return {
    show(incident) {
      const units = incident.units ?? [];
      // Drawn anew only when something is different: an open list of steps stays open.
      const now = JSON.stringify([incident.id, units]);
      if (now === drawn) return;
      drawn = now;
      const has = list.contains(document.activeElement) ? document.activeElement.closest("[data-row]")?.dataset.assignment : null;
      node.hidden = !units.length;
      clear(list).append(...units.map(rowOf));
      roving.settle();
      if (has) list.querySelector(`[data-assignment='${has}']`)?.focus({ preventScroll: true });
      tickCells(list);
    },
    reset: () => said.replaceChildren(),
    focus: roving.focus,
    // The way that a unit on its way drives, where the server knows it.
    async route(unit) {
      try {
        return (await unitJob(unit)).route ?? null;
      } catch {
        return null;
      }
    },
  };
}
