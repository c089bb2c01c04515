// The unit board: every unit in its own place, by kind and callsign, so that the eye finds it blind.

import { clear, el } from "../dom.js";
import { t } from "../text.js";
import { serverNow, tickCells, onSecond } from "./clock.js";
import { shortNumber } from "./board.js";
import { classMark, statusName, timer } from "./marks.js";
import { createRoving } from "./roving.js";

const KINDS = ["fire", "rescue", "ambulance", "police"];
const collator = new Intl.Collator(undefined, { numeric: true });

export function createUnitBoard(node, board, { onSelect }) {
  const list = node.querySelector("[data-units]");
  const count = node.querySelector("[data-count]");
  const filters = [...node.querySelectorAll("input[name='unit-filter']")];
  const roving = createRoving(list);
  let filter = "all";
  let lines = new Map();
  let signature = "";
  let marked = new Set();

  const matches = (unit) => filter === "all" || unit.status_class === filter || (filter === "committed" && unit.incidents?.length);

  // A unit dispatched for longer than the target without having acknowledged.
  function unanswered(unit) {
    const target = board.state.targets.acknowledge_s;
    return unit.status === "dispatched" && (serverNow() - Date.parse(unit.status_since)) / 1000 > target;
  }

  function draw(unit, line) {
    const late = unanswered(unit) ? "late" : "";
    line.className = "unit-row";
    line.dataset.class = unit.status_class;
    line.dataset.late = late;
    line.toggleAttribute("data-marked", marked.has(unit.callsign));
    const held = (unit.incidents ?? []).map(shortNumber);
    clear(line).append(
      classMark(unit.status_class),
      el("span", { class: "callsign", text: unit.callsign }),
      el("span", { class: "unit-status" },
        el("span", { text: statusName(unit) }),
        held.length ? el("span", { class: "unit-goal", text: `→ ${held.join(", ")}` }) : null,
        unit.stale ? el("span", { class: "stale", title: t("position too old"), text: "◌" }, el("span", { class: "visually-hidden", text: t("position too old") })) : null,
        unit.reason ? el("span", { class: "unit-reason", text: unit.reason }) : null),
      timer(unit.status_since, late),
    );
  }

  function lineOf(unit) {
    const line = el("button", { type: "button", dataset: { row: "", id: String(unit.id) }, tabIndex: -1 });
    line.addEventListener("click", () => onSelect(lines.get(unit.id)?.unit ?? unit));
    draw(unit, line);
    lines.set(unit.id, { unit, line });
    return el("li", {}, line);
  }

  function arrange(units) {
    const focus = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    lines = new Map();
    const kinds = [...new Set([...KINDS, ...units.map((unit) => unit.kind)])];
    const groups = kinds.map((kind) => {
      const all = units.filter((unit) => unit.kind === kind);
      const some = all.filter(matches).sort((a, b) => collator.compare(a.callsign, b.callsign));
      return all.length && some.length ? el("section", { class: "unit-group", dataset: { kind } },
        el("h3", { class: "unit-group-title" }, el("span", { text: t(`kind_${kind}`) }), el("span", { class: "unit-free", dataset: { free: kind } })),
        el("ul", { class: "plain-list" }, some.map(lineOf))) : null;
    });
    list.replaceChildren(...groups.filter(Boolean));
    if (!list.childElementCount && board.state.loaded) list.append(el("p", { class: "empty-state", text: t("No unit here.") }));
    roving.settle();
    if (focus) list.querySelector(`[data-id='${focus}']`)?.focus({ preventScroll: true });
  }

  function show(units) {
    // With a filter a unit that no longer fits stays until the list is free, marked by its new status.
    const wanted = units.filter(matches).map((unit) => unit.id).sort((a, b) => a - b).join() + filter;
    const busy = list.matches(":hover") || list.contains(document.activeElement);
    if (wanted !== signature && !(busy && signature.endsWith(filter) && lines.size)) {
      signature = wanted;
      arrange(units);
    } else {
      for (const unit of units) {
        const known = lines.get(unit.id);
        if (!known) continue;
        known.unit = unit;
        draw(unit, known.line);
      }
    }
    for (const cell of list.querySelectorAll("[data-free]")) {
      const all = units.filter((unit) => unit.kind === cell.dataset.free);
      cell.textContent = t("{free} of {all} free", { free: all.filter((unit) => unit.status_class === "available").length, all: all.length });
    }
    count.textContent = `${units.filter((unit) => unit.status_class === "available").length}/${units.length}`;
    tickCells(list);
  }

  board.onChange((state, change) => {
    if (change.first) signature = "";
    show(state.units);
  });
  for (const choice of filters) {
    choice.addEventListener("change", () => {
      filter = choice.value;
      signature = "";
      show(board.state.units);
    });
  }
  list.addEventListener("pointerleave", () => show(board.state.units));
  onSecond(() => {
    tickCells(list);
    for (const { unit, line } of lines.values()) {
      if ((line.dataset.late === "late") !== unanswered(unit)) {
        draw(unit, line);
        tickCells(line);
      }
    }
  });

  return {
    focus: roving.focus,
    unanswered: () => board.state.units.filter(unanswered),
    // Units that the incident panel is about to send, or has sent, stand out.
    mark(callsigns) {
      marked = new Set(callsigns);
      for (const { unit, line } of lines.values()) line.toggleAttribute("data-marked", marked.has(unit.callsign));
    },
    focused() {
      const id = Number(document.activeElement?.closest?.("[data-row]")?.dataset.id);
      return list.contains(document.activeElement) ? (lines.get(id)?.unit ?? null) : null;
    },
  };
}
