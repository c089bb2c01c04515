// The incident panel: one incident with all its parts; what is being typed in it outlives every update.

import { callerOf, incidentDetail } from "../api_dispatch.js";
import { button, clear, debounce, el } from "../dom.js";
import { formatLonLat, formatTime } from "../format.js";
import { lateness, onSecond, tickCells } from "../dispatch/clock.js";
import { bindKeys } from "../dispatch/keys.js";
import { channelName, numberMark, placeWords, priorityMark, stateMark, timer, typeName } from "../dispatch/marks.js";
import { t } from "../text.js";
import { createActions } from "./actions.js";
import { createAsking } from "./asking.js";
import { createCrew } from "./crew.js";
import { createJournal } from "./journal.js";
import { createMoveUp } from "./move_up.js";
import { createRecommend } from "./recommend.js";
import { createWatchers } from "./watchers.js";

// `on`: {selected(incident|null), units(callsigns, answer), cameras(list), look(callsign)}.
export function createPanel(node, board, { can, choices, keysIn, on }) {
  const head = node.querySelector("[data-head]");
  const empty = node.querySelector("[data-empty]");
  const whole = node.querySelector("[data-whole]");
  const calls = node.querySelector("[data-calls]");
  const asking = createAsking(node.querySelector("[data-asking]"));
  let id = null;
  let incident = null;
  let turn = 0;
  let late = null;
  const callers = new Map();

  const current = () => incident;
  const crewOf = (row) => (row?.units ?? []).map((unit) => unit.callsign).join();
  const actions = createActions(node.querySelector("[data-actions]"), asking, { root: keysIn, board, choices, can, current, onDone: taken });
  const crew = createCrew(node.querySelector("[data-crew-part]"), { can, current, onStepped: refresh, onLook: (callsign) => on.look(callsign) });
  const card = createRecommend(node.querySelector("[data-card-part]"), { can, current, keysIn, onSent: sent, onChosen: (names, answer) => on.units(names, answer) });
  const moveUp = createMoveUp(node.querySelector("[data-move-up-part]"), { can, current, board, keysIn });
  const watchers = createWatchers(node.querySelector("[data-watch-part]"), { can, current, onFound: (list) => on.cameras(list), onLinked: (row) => row?.id ? taken(row) : refresh() });
  const journal = createJournal(node.querySelector("[data-journal-part]"), { can, current, onAdded: refresh });
  bindKeys(keysIn, t("In an incident (queue or panel)"), [
    { key: "t", does: t("Write a note"), when: () => Boolean(incident) && can.write, run: () => journal.focus() },
    { key: "v", does: t("To the units of the incident"), when: () => Boolean(incident), run: () => crew.focus() || card.focus() },
  ]);

  function drawHead() {
    late = lateness(incident);
    const where = placeWords(incident);
    head.dataset.late = late;
    clear(head).append(
      el("div", { class: "head-line" }, priorityMark(incident.priority), numberMark(incident.number), el("h2", { id: "incident-title", text: typeName(incident.type) }), timer(incident.state_since ?? incident.reported_at, late)),
      el("div", { class: "head-facts" }, stateMark(incident.state), incident.alarm_level > 1 ? el("span", { class: "alarm", text: t("alarm {n}", { n: incident.alarm_level }) }) : null, incident.agency_name ? el("span", { text: incident.agency_name }) : null,
        el("span", { text: t("reported {time}", { time: formatTime(incident.reported_at) }) }), incident.scheduled_for ? el("span", { class: "alarm", text: t("scheduled for {time}", { time: formatTime(incident.scheduled_for) }) }) : null,
        incident.type?.sensitive ? el("span", { class: "sensitive", text: t("sensitive: never published") }) : null),
      el("p", { class: "head-where" }, el("b", { text: where || t("no address") }), el("span", { class: "mono", text: ` ${formatLonLat(incident.lon, incident.lat)}${incident.accuracy_m ? ` ± ${Math.round(incident.accuracy_m)} m` : ""}` })),
      ...(incident.summary ? [el("p", { class: "head-summary", text: incident.summary })] : []),
      ...(incident.initial_type && incident.initial_type !== incident.type?.code && incident.initial_type?.code !== incident.type?.code ? [el("p", { class: "console-note", text: t("first taken as {type}", { type: choices.types.find((one) => one.code === (incident.initial_type.code ?? incident.initial_type))?.name ?? incident.initial_type.name ?? incident.initial_type }) })] : []),
    );
    tickCells(head);
  }

  // Who called is shown when it is asked for, and the server writes down who asked.
  function caller(call) {
    const known = callers.get(call.id);
    if (known) return el("span", { class: "caller" }, el("b", { text: known.caller_name }), " ", known.caller_number ? el("a", { href: `tel:${known.caller_number.replace(/[^\d+]/g, "")}`, text: known.caller_number }) : null);
    if (!call.has_caller || !can.callers) return null;
    return button(t("Show the caller"), { class: "button is-small", onclick: async (event) => {
      const said = event.currentTarget;
      try {
        callers.set(call.id, await callerOf(call.id));
        drawCalls();
      } catch (error) {
        said.after(el("span", { class: "asking-said", role: "alert", text: error.message }));
      }
    } });
  }

  function drawCalls() {
    const list = Array.isArray(incident.calls) ? incident.calls : [];
    calls.hidden = !list.length;
    clear(calls.querySelector("ul")).append(...list.map((call) => el("li", {},
      el("b", { text: [channelName(call.channel), call.taken_by].filter(Boolean).join(" · ") }), " ",
      caller(call),
      el("span", { class: "journal-text", text: [call.place_text, call.note].filter(Boolean).join(" · ") }))));
  }

  function draw() {
    empty.hidden = Boolean(incident);
    whole.hidden = !incident;
    if (!incident) return;
    drawHead();
    actions.show();
    crew.show(incident);
    drawCalls();
    journal.show(incident);
    watchers.draw();
  }

  // A row that a write answered with: the board and the panel show it at once.
  function taken(row, { quiet = false } = {}) {
    if (!row?.id) return refresh();
    if (row.id === id) {
      incident = { ...incident, ...row, calls: Array.isArray(row.calls) ? row.calls : incident.calls };
      draw();
    }
    board.put(row);
    return quiet ? null : refresh();
  }

  async function load() {
    const mine = ++turn;
    const wanted = id;
    try {
      const found = await incidentDetail(wanted);
      if (mine !== turn || wanted !== id) return null;
      if (crewOf(found) !== crewOf(incident)) moveUp.askSoon();
      incident = found;
      draw();
      return found;
    } catch (error) {
      if (mine === turn && !incident) {
        empty.hidden = false;
        empty.textContent = error.message;
      }
      return null;
    }
  }

  function refresh() {
    board.soon();
    return id === null ? null : load();
  }
  const refreshSoon = debounce(load, 150);

  // After sending, the hand is on the units that were sent.
  async function sent() {
    const here = node.contains(document.activeElement);
    await refresh();
    if (here && !asking.open) crew.focus();
  }

  async function select(row, { focus = false } = {}) {
    if (row && row.id === id) {
      if (focus) node.querySelector("[data-card-send]:not([disabled])")?.focus();
      return;
    }
    asking.close();
    id = row?.id ?? null;
    incident = row ? { ...row, actions: row.actions ?? [] } : null;
    crew.reset();
    card.reset();
    moveUp.reset();
    watchers.reset();
    on.selected(incident);
    draw();
    if (!row) return;
    node.setAttribute("aria-busy", "true");
    const found = await load();
    node.removeAttribute("aria-busy");
    if (!found || found.id !== id) return;
    const wants = ["new", "pending", "dispatched", "on_scene", "on_hold"].includes(found.state);
    moveUp.ask();
    await Promise.all([wants && can.operations ? card.ask() : null, watchers.ask(found)]);
    if (focus && id === found.id) card.focus();
  }

  board.onChange((state, change) => {
    if (id === null) return;
    const row = board.incident(id);
    if (row && incident && (row.version !== incident.version || JSON.stringify(row.units) !== JSON.stringify(incident.units) || row.overdue !== incident.overdue)) {
      // What the board knows is shown at once, the rest follows.
      if (crewOf(row) !== crewOf(incident)) moveUp.askSoon();
      const moved = row.lon !== incident.lon || row.lat !== incident.lat || row.type?.code !== incident.type?.code || row.alarm_level !== incident.alarm_level;
      incident = { ...incident, ...row, calls: incident.calls };
      draw();
      refreshSoon();
      if (moved) {
        watchers.ask(incident);
        card.ask();
      }
    } else if (!row && incident && !["closed", "cancelled", "merged"].includes(incident.state)) refreshSoon();
    if (change.units.changed.length) card.askSoon();
  });
  onSecond(() => {
    if (!incident || node.hidden) return;
    if (lateness(incident) !== late) drawHead();
    tickCells(node);
  });

  return { select, refresh, current, askEdit: actions.askEdit, focus: () => (incident ? node.querySelector("#incident-title, button").closest("[role='tabpanel']").focus() : node.focus()), crew, card };
}
