// The incident queue: by priority, then the oldest. Rows never move under the pointer or the focus.

import { clear, el } from "../dom.js";
import { t } from "../text.js";
import { lateness, onSecond, tickCells } from "./clock.js";
import { classMark, numberMark, placeWords, priorityMark, stateMark, timer, typeName } from "./marks.js";
import { createRoving } from "./roving.js";

const UNITS_SHOWN = 2;

export function createQueue(node, board, { onSelect }) {
  const list = node.querySelector("[data-queue]");
  const count = node.querySelector("[data-count]");
  const waiting = node.querySelector("[data-waiting]");
  const roving = createRoving(list);
  // The order on the screen: ids; it changes only while nobody is in the list.
  let shown = [];
  let selected = null;
  let rows = new Map();
  let gone = new Map();

  const busy = () => list.matches(":hover") || list.contains(document.activeElement);

  function draw(row, line) {
    const late = lateness(row);
    const left = gone.has(row.id);
    line.className = "incident-row";
    line.dataset.late = late;
    line.dataset.priority = row.priority;
    line.toggleAttribute("data-gone", left);
    line.setAttribute("aria-current", String(row.id === selected));
    const units = row.units ?? [];
    const where = placeWords(row);
    clear(line).append(
      priorityMark(row.priority),
      el("span", { class: "incident-what" }, numberMark(row.number), el("span", { class: "type", text: typeName(row.type) }), row.alarm_level > 1 ? el("span", { class: "alarm", text: t("alarm {n}", { n: row.alarm_level }) }) : null),
      timer(row.state_since ?? row.reported_at, left ? "" : late),
      el("span", { class: "incident-where", text: where || t("no address") }),
      el("span", { class: "incident-foot" }, left ? el("span", { class: "state", text: t("no longer open") }) : stateMark(row.state), units.length
        ? el("span", { class: "unit-chips" },
          units.slice(0, UNITS_SHOWN).map((unit) => el("span", { class: "unit-chip", dataset: { step: unit.step } }, classMark("committed"), el("span", { text: unit.callsign }))),
          units.length > UNITS_SHOWN ? el("span", { class: "unit-chip", text: `+${units.length - UNITS_SHOWN}` }) : null)
        : left ? null : el("span", { class: "unit-chips is-none", text: t("no unit yet") })),
    );
  }

  function lineOf(row) {
    const line = el("button", { type: "button", dataset: { row: "", id: String(row.id) }, tabIndex: -1 });
    line.addEventListener("click", () => onSelect(rows.get(row.id) ?? gone.get(row.id)));
    draw(row, line);
    return el("li", {}, line);
  }

  const lineFor = (id) => list.querySelector(`[data-id='${id}']`);

  // Put the rows where they belong; the focus stays on its row.
  function arrange() {
    const focus = document.activeElement?.closest?.("[data-row]")?.dataset.id;
    const inside = list.contains(document.activeElement);
    gone = new Map();
    shown = board.state.incidents.map((row) => row.id);
    const known = new Map([...list.querySelectorAll("[data-id]")].map((line) => [Number(line.dataset.id), line.parentElement]));
    const items = board.state.incidents.map((row) => {
      const item = known.get(row.id);
      if (!item) return lineOf(row);
      draw(row, item.firstElementChild);
      return item;
    });
    if (!items.length && board.state.loaded) items.push(el("li", { class: "empty-state" }, el("span", { text: t("No open incident.") })));
    list.replaceChildren(...items);
    roving.settle();
    if (inside && focus) (lineFor(focus) ?? list.querySelector("[data-row]"))?.focus({ preventScroll: true });
    tickCells(list);
    announce();
  }

  // What has arrived and waits until the list is free, said plainly.
  function announce() {
    const now = new Set(shown);
    const fresh = board.state.incidents.filter((row) => !now.has(row.id)).length;
    const order = board.state.incidents.map((row) => row.id).filter((id) => now.has(id));
    const still = shown.filter((id) => !gone.has(id));
    const moved = order.some((id, at) => still[at] !== id);
    waiting.hidden = !fresh && !moved && !gone.size;
    waiting.querySelector("[data-words]").textContent = fresh ? t("+{n} waiting", { n: fresh }) : t("order has changed");
    count.textContent = String(board.state.incidents.length);
  }

  board.onChange((state, change) => {
    const before = rows;
    rows = new Map(state.incidents.map((row) => [row.id, row]));
    if (change.first || !busy()) {
      arrange();
      return;
    }
    for (const id of shown) {
      const line = lineFor(id);
      if (!line) continue;
      if (!rows.has(id) && before.has(id)) gone.set(id, before.get(id));
      if (rows.has(id)) gone.delete(id);
      draw(rows.get(id) ?? gone.get(id) ?? before.get(id), line);
    }
    tickCells(list);
    announce();
  });

  const settleSoon = () => setTimeout(() => !waiting.hidden && !busy() && arrange(), 120);
  list.addEventListener("pointerleave", settleSoon);
  list.addEventListener("focusout", settleSoon);
  waiting.addEventListener("click", () => {
    arrange();
    roving.focus();
  });

  onSecond(() => {
    tickCells(list);
    for (const row of rows.values()) {
      const line = lineFor(row.id);
      if (line && line.dataset.late !== lateness(row)) {
        draw(row, line);
        tickCells(line);
      }
    }
  });

  return {
    arrange,
    focus: roving.focus,
    select(id) {
      selected = id;
      for (const line of list.querySelectorAll("[data-row]")) line.setAttribute("aria-current", String(Number(line.dataset.id) === id));
    },
    // The incident whose row has the focus.
    focused() {
      const line = document.activeElement?.closest?.("[data-row]");
      return line && list.contains(line) ? (rows.get(Number(line.dataset.id)) ?? null) : null;
    },
  };
}
