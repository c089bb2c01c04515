// Marks of the console: priority, state, status class. Each has a shape of its own besides its colour.

import { el } from "../dom.js";
import { language, t } from "../text.js";
import { shortNumber } from "./board.js";

const english = language.startsWith("en");
// Names as the reader's language has them.
export const typeName = (type) => (english ? type?.name_en : "") || type?.name || "";
export const statusName = (unit) => (english ? unit.status_name_en : "") || unit.status_name;

// The address, and the area's name unless the address ends with it already.
export function placeWords(row) {
  const { address = "", area_name: area = "" } = row;
  return [address, area && !address?.endsWith(area) ? area : ""].filter(Boolean).join(", ");
}

export const STEPS = ["acknowledged", "en_route", "staged", "on_scene", "transport", "at_facility", "clear"];

// The step a unit takes next as a rule; the others are one key away too.
export function nextStep(unit) {
  const carries = unit.kind === "ambulance";
  return {
    reserved: "dispatched", dispatched: "acknowledged", acknowledged: "en_route", en_route: "on_scene", staged: "on_scene",
    on_scene: carries ? "transport" : "clear", transport: "at_facility", at_facility: "clear",
  }[unit.step] ?? null;
}

export function priorityMark(priority) {
  const level = priority ?? 5;
  return el("span", { class: "prio", dataset: { priority: String(level) }, title: t("priority {n}", { n: level }) },
    el("span", { class: "prio-digit", text: String(level) }), el("span", { class: "visually-hidden", text: t("priority {n}", { n: level }) }));
}

const STATE_SHAPES = { new: "✦", pending: "◇", dispatched: "▷", on_scene: "◉", under_control: "▣", on_hold: "‖", closed: "■", cancelled: "✕", merged: "⋈" };

export function stateMark(state) {
  return el("span", { class: "state", dataset: { state } }, el("span", { class: "shape", "aria-hidden": "true", text: STATE_SHAPES[state] ?? "○" }), el("span", { text: t(`state_${state}`) }));
}

const CLASS_SHAPES = { available: "●", delayed: "◐", committed: "▶", unavailable: "✕", unknown: "?" };

export function classMark(statusClass) {
  return el("span", { class: "class-mark", dataset: { class: statusClass }, text: CLASS_SHAPES[statusClass] ?? "?", title: t(`class_${statusClass}`) });
}

export const stepName = (step) => t(`step_${step}`);

// A telephone number is its own name; an app, a radio and a counter have words.
export const channelName = (channel) => (/^\d+$/.test(channel) ? channel : t(`channel_${channel}`));

export function numberMark(number) {
  const short = shortNumber(number);
  return el("span", { class: "number", title: number }, el("b", { text: short }), el("span", { class: "visually-hidden", text: ` (${number})` }));
}

// A timer cell that the clock fills; `late` is "", "soon" or "late".
export function timer(since, late = "") {
  return el("span", { class: "timer", dataset: { late } },
    el("span", { class: "late-mark", "aria-hidden": "true", text: late === "late" ? "◆" : late === "soon" ? "▲" : "" }),
    el("span", { dataset: { since: since ?? "" } }),
    late === "late" ? el("span", { class: "visually-hidden", text: ` ${t("overdue")}` }) : null);
}
