// What calls for attention: heard, and seen in a strip above the board and in the page's title.

import { clear, el } from "../dom.js";
import { t } from "../text.js";
import { lateness, onSecond, serverNow } from "./clock.js";
import { shortNumber } from "./board.js";

const REPEAT_MS = 20_000;
const EMERGENCY_REPEAT_MS = 8_000;

export function createAlarms(node, board, sounds, { unanswered, onSelect, warnings = () => [] }) {
  const title = document.title;
  const heard = new Map();
  let shown = "";

  // An emergency: the highest priority without a unit on its way.
  const emergency = (row) => row.priority === 1 && ["new", "pending"].includes(row.state) && !row.units?.length;

  board.onChange((_state, change) => {
    if (change.first || change.mine) return;
    const fresh = change.incidents.added;
    if (fresh.length) sounds.play(fresh.some((row) => row.priority === 1) ? "emergency" : "fresh");
    else if (change.calls.added.length) sounds.play("fresh");
    else if (change.incidents.changed.length || change.incidents.removed.length) sounds.play("changed");
    draw();
  });

  function due(name, everyMs) {
    const now = serverNow();
    if (now - (heard.get(name) ?? 0) < everyMs) return false;
    heard.set(name, now);
    return true;
  }

  function draw() {
    const { incidents, calls } = board.state;
    const items = [];
    const urgent = incidents.filter(emergency);
    const late = incidents.filter((row) => lateness(row) === "late" && !emergency(row));
    const silent = unanswered();
    for (const row of urgent) items.push(["emergency", t("{number} has no unit", { number: shortNumber(row.number) }), row]);
    if (late.length) items.push(["late", t("overdue: {numbers}", { numbers: late.slice(0, 4).map((row) => shortNumber(row.number)).join(", ") }), late[0]]);
    if (silent.length) items.push(["silent", t("not acknowledged: {units}", { units: silent.slice(0, 3).map((unit) => unit.callsign).join(", ") }), incidents.find((row) => row.units?.some((unit) => unit.callsign === silent[0].callsign))]);
    if (calls.length) items.push(["calls", t("{n} calls wait", { n: calls.length }), null]);
    for (const warning of warnings()) items.push(["warning", warning.words, warning]);
    const text = JSON.stringify(items.map(([kind, words, row]) => [kind, words, row?.id]));
    if (text !== shown) {
      shown = text;
      clear(node).append(...items.map(([kind, words, row]) => {
        const inner = [el("span", { class: "shape", "aria-hidden": "true", text: { emergency: "▲", late: "◆", silent: "?", calls: "☎", warning: "⚠" }[kind] }), el("span", { text: words })];
        return row ? el("button", { type: "button", class: "alarm-chip", dataset: { kind }, onclick: () => (kind === "warning" ? row.open() : onSelect(row)) }, inner) : el("span", { class: "alarm-chip", dataset: { kind } }, inner);
      }));
      document.title = urgent.length || late.length ? `(${urgent.length + late.length}) ${title}` : title;
    }
    return { urgent, late, silent };
  }

  onSecond(() => {
    if (!board.state.loaded) return;
    const { urgent, late, silent } = draw();
    if (urgent.length && due("emergency", EMERGENCY_REPEAT_MS)) sounds.play("emergency");
    else if (silent.length && due("unanswered", REPEAT_MS)) sounds.play("unanswered");
    else if (late.length && due("overdue", REPEAT_MS * 3)) sounds.play("overdue");
  });
  return { draw };
}
