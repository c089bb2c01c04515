// What the run card asks for and who fills it: reasons, times by road, what is missing; one key sends them.

import { coverNow, dispatchUnits, recommendation } from "../api_dispatch.js";
import { clear, debounce, el } from "../dom.js";
import { formatDuration, formatInteger, formatMetres, formatNumber } from "../format.js";
import { isConflict } from "../dispatch/conflict.js";
import { newKey } from "../dispatch/ids.js";
import { bindKeys } from "../dispatch/keys.js";
import { heldWords, reasonWords } from "../dispatch/refusals.js";
import { lossLine } from "./move_up.js";
import { t } from "../text.js";

export function createRecommend(node, { can, current, onSent, onChosen, keysIn }) {
  const body = node.querySelector("[data-card]");
  const said = node.querySelector("[data-card-said]");
  const send = node.querySelector("[data-card-send]");
  const cover = node.querySelector("[data-card-cover]");
  let answer = null;
  let chosen = new Set();
  let touched = false;
  let key = newKey();
  let turn = 0;
  let sending = false;
  let level = null;

  const picked = () => [...chosen];

  function choose(callsign, on) {
    touched = true;
    if (on) chosen.add(callsign);
    else chosen.delete(callsign);
    face();
  }

  function face() {
    const names = picked();
    clear(send);
    send.append(el("span", { text: names.length ? t("Send {units}", { units: names.join(", ") }) : t("Choose units to send") }));
    if (names.length) send.append(el("kbd", { class: "key", "aria-hidden": "true", text: "D" }));
    // Never taken from under the focus: the keys of the panel would fall silent.
    const idle = !names.length || sending || !can.dispatch;
    send.setAttribute("aria-disabled", String(idle));
    send.disabled = idle && document.activeElement !== send;
    send.hidden = !can.dispatch;
    onChosen(names, answer);
    if (names.length) coverSoon();
    else clear(cover);
  }

  function age(unit) {
    if (unit.from_station) return t("taken to be at its station");
    return unit.position_age_s === null || unit.position_age_s === undefined ? t("position without a time") : t("position {age} old", { age: formatDuration(unit.position_age_s) });
  }

  function unitLine(unit, at) {
    // Said only where crews are kept at all: else it would stand on every line.
    const crews = answer.lines.some((line) => line.units.some((one) => one.crew_known));
    const id = `send-${unit.callsign.replace(/\W/g, "_")}-${at}`;
    const box = el("input", { type: "checkbox", id, checked: chosen.has(unit.callsign), dataset: { unit: unit.callsign } });
    box.addEventListener("change", () => choose(unit.callsign, box.checked));
    const time = unit.eta_s === null || unit.eta_s === undefined ? t("not by road") : formatDuration(unit.eta_s);
    const road = unit.distance_m === null || unit.distance_m === undefined ? t("{straight} straight", { straight: formatMetres(unit.straight_m) }) : formatMetres(unit.distance_m);
    return el("li", { class: "card-unit" }, el("label", { for: id }, box,
      el("b", { class: "callsign", text: unit.callsign }),
      el("span", { class: "eta", text: time }),
      el("span", { class: "card-why", text: [road, age(unit), unit.why ? t(`why_${unit.why}`).replace(/^why_/, "") : "", crews && unit.crew_known === false ? t("crew not known") : ""].filter(Boolean).join(" · ") })));
  }

  function handLine(callsign, at) {
    const id = `hand-${at}`;
    const box = el("input", { type: "checkbox", id, checked: true, dataset: { unit: callsign } });
    box.addEventListener("change", () => choose(callsign, box.checked));
    return el("li", { class: "card-unit" }, el("label", { for: id }, box, el("b", { class: "callsign", text: callsign })));
  }

  function lineOf(line, at) {
    const what = [t(`kind_${line.kind}`), line.capability ? t(`capability_${line.capability}`).replace(/^capability_/, "") : ""].filter(Boolean).join(", ");
    return el("section", { class: "card-line" },
      el("h4", {}, el("span", { text: `${line.count} × ${what}` }), line.assigned?.length ? el("span", { class: "card-sent", text: t("on it: {units}", { units: line.assigned.join(", ") }) }) : null),
      line.units.length ? el("ul", { class: "plain-list" }, line.units.map((unit) => unitLine(unit, at))) : null,
      line.shortfall ? el("p", { class: "shortfall" }, el("span", { class: "shape", "aria-hidden": "true", text: "◆" }), el("span", { text: t("{n} missing", { n: line.shortfall }) }), line.next_agency ? el("b", { text: t("ask {agency}", { agency: [line.next_agency.name ?? line.next_agency, line.next_agency.phone].filter(Boolean).join(" ") }) }) : null) : null);
  }

  // What another set of units costs in time, and what it leaves covered: both said, the choice is the dispatcher's.
  function gainOf(option) {
    const minutes = Number(option.minutes);
    return Object.entries(option.cover ?? {}).map(([kind, cover]) => {
      const mine = answer.cover?.[kind]?.after?.people?.[minutes];
      const other = cover.people?.[minutes];
      if (mine === null || mine === undefined || other === null || other === undefined) return "";
      return t("{kind} within {m} min of {now} % of people, not {before} %", { kind: t(`kind_${kind}`), m: minutes, now: formatNumber(100 * other), before: formatNumber(100 * mine) });
    }).filter(Boolean);
  }

  function alternatives(list) {
    if (!list?.length) return null;
    return el("section", { class: "card-line" }, el("h4", { text: t("Or, keeping the city covered") }), list.map((option) => {
      const names = option.lines.flat();
      const swaps = option.swaps.map((swap) => t("{unit} instead of {other}", { unit: swap.unit.callsign, other: swap.instead_of }));
      const words = [...swaps, option.latest_extra_s ? t("the last one {time} later", { time: formatDuration(option.latest_extra_s) }) : "", ...gainOf(option)];
      return el("button", { type: "button", class: "row-button", onclick: () => {
        chosen = new Set(names);
        touched = true;
        show();
      } }, el("b", { text: names.join(", ") }), el("span", { class: "card-why", text: words.filter(Boolean).join(" · ") }));
    }));
  }

  function show() {
    clear(body);
    if (!answer) return;
    body.append(el("p", { class: "console-note", text: t("Run card, alarm {n}", { n: answer.alarm_level }) }));
    if (answer.by_road === false) body.append(el("p", { class: "banner", dataset: { kind: "warn" }, text: t("Straight-line order: the routing graph is not ready. Times are not known.") }));
    if (answer.warning && answer.by_road !== false) body.append(el("p", { class: "banner", dataset: { kind: "warn" }, text: answer.warning }));
    if (!answer.lines.length) body.append(el("p", { class: "empty-state", text: t("No run card for this type: choose units by the command line.") }));
    body.append(...answer.lines.map(lineOf));
    const byHand = picked().filter((callsign) => !answer.lines.some((line) => line.units.some((unit) => unit.callsign === callsign)));
    if (byHand.length) body.append(el("section", { class: "card-line" }, el("h4", { text: t("Chosen by hand") }), el("ul", { class: "plain-list" }, byHand.map((callsign, at) => handLine(callsign, at)))));
    const other = alternatives(answer.alternatives);
    if (other) body.append(other);
    if (answer.excluded?.length) {
      body.append(el("details", { class: "card-out" }, el("summary", { text: t("{n} units left out, and why", { n: formatInteger(answer.excluded.length) }) }),
        el("ul", { class: "left-out" }, answer.excluded.map((item) => el("li", {}, el("span", { text: item.callsign }), el("span", { text: reasonWords(item.reason) }))))));
    }
    face();
  }

  async function ask({ keep = false } = {}) {
    const incident = current();
    const mine = ++turn;
    if (!incident) return;
    node.setAttribute("aria-busy", "true");
    try {
      const found = await recommendation(incident.id, { alarmLevel: level ?? incident.alarm_level });
      if (mine !== turn) return;
      answer = found;
      if (!(keep && touched)) chosen = new Set(found.lines.flatMap((line) => line.units.map((unit) => unit.callsign)));
      // What somebody ticked by hand stays, unless the unit can no longer be sent.
      else chosen = new Set(picked().filter((callsign) => !(found.assigned ?? []).includes(callsign)));
      showAgain();
      askOthers(incident, mine);
    } catch (error) {
      if (mine !== turn) return;
      answer = null;
      clear(body).append(el("p", { class: "banner", dataset: { kind: "bad" }, text: error.message }));
      face();
    } finally {
      if (mine === turn) node.removeAttribute("aria-busy");
    }
  }

  const unitsOf = (found) => found.lines.flatMap((line) => line.units.map((unit) => unit.callsign)).join();

  // Sets that keep more of the city covered: a moment later, beside the choice that already stands.
  async function askOthers(incident, mine) {
    if (!answer.by_road || !unitsOf(answer)) return;
    try {
      const found = await recommendation(incident.id, { alarmLevel: answer.alarm_level, alternatives: true });
      // They are said of one choice: where another would be made by now, the next asking brings both.
      if (mine !== turn || unitsOf(found) !== unitsOf(answer)) return;
      answer = { ...answer, cover: found.cover, alternatives: found.alternatives };
      if (found.alternatives.length) showAgain();
    } catch {
      // The choice stands without them.
    }
  }

  // Drawn anew under the hand of somebody who goes through the units with the keyboard.
  function showAgain() {
    const unit = node.querySelector(":focus")?.dataset?.unit;
    show();
    if (unit) body.querySelector(`[data-unit='${CSS.escape(unit)}']`)?.focus({ preventScroll: true });
  }

  async function dispatch() {
    const incident = current();
    const units = picked();
    if (!incident || !units.length || sending || !can.dispatch) return;
    sending = true;
    face();
    clear(said);
    try {
      const done = await dispatchUnits(incident.id, { units }, key);
      key = newKey();
      touched = false;
      say(done, units);
      onSent(done);
    } catch (error) {
      const conflicts = error.body?.conflicts ?? [];
      said.append(el("div", { class: "conflict banner", dataset: { kind: isConflict(error) ? "warn" : "bad" }, role: "alert" },
        conflicts.length ? el("ul", { class: "conflict-lines" }, conflicts.map((one) => el("li", {}, el("b", { text: one.callsign }), el("span", { text: ` ${heldWords(one)}` })))) : el("p", { text: error.message }),
        conflicts.length ? el("p", { class: "console-note", text: t("Nothing was sent. The list is up to date again.") }) : null));
      key = newKey();
      for (const one of conflicts) chosen.delete(one.callsign);
    } finally {
      sending = false;
      ask({ keep: true });
    }
  }

  function say(done, units) {
    clear(said);
    const sent = (done.assigned ?? []).map((one) => one.callsign);
    said.append(el("p", { class: "banner", dataset: { kind: "good" }, role: "status", text: t("Sent: {units}", { units: (sent.length ? sent : units).join(", ") }) }));
    for (const one of done.conflicts ?? []) said.append(el("p", { class: "banner", dataset: { kind: "warn" }, text: `${one.callsign}: ${heldWords(one)}` }));
  }

  // How much of the city is within reach afterwards, where the server can tell.
  const coverSoon = debounce(async () => {
    const incident = current();
    if (!incident || !can.cover || !can.dispatch || !chosen.size) return;
    const mine = turn;
    try {
      const found = await coverNow({ without: picked().join(",") });
      if (mine !== turn) return;
      clear(cover).append(...coverLines(found));
    } catch {
      clear(cover);
    }
  }, 500);

  // Streets within 5, 10, 15 minutes of free units, by kind of unit: now, and when these have gone.
  function coverLines(found) {
    const kinds = Object.entries(found.kinds ?? {}).filter(([, one]) => one.after);
    if (!kinds.length) return [];
    const share = (value) => (value === null || value === undefined ? "–" : `${formatNumber(value * 100)} %`);
    const lost = kinds.filter(([, one]) => one.lost.length);
    const moves = kinds.flatMap(([, one]) => one.moves);
    return [...(lost.length ? [el("h4", { text: t("Out of reach once they have gone") }), el("ul", { class: "cover-lines plain-list" }, lost.map(([kind, one]) => lossLine(kind, one, found.limit_minutes)))] : []),
      ...(moves.length ? [el("p", { class: "console-note", text: t("Then offered: {moves}", { moves: moves.map((move) => t("{unit} to {post}", { unit: move.unit, post: move.to.station })).join("; ") }) })] : []),
      el("h4", { text: t("Streets within reach, now and after") }), el("ul", { class: "cover-lines plain-list" }, kinds.flatMap(([kind, one]) =>
      Object.keys(one.now.streets).map((minutes) => el("li", {}, el("span", { text: `${t(`kind_${kind}`)}, ${t("{n} min", { n: minutes })}` }), el("span", { text: `${share(one.now.streets[minutes])} → ${share(one.after.streets[minutes])}` })))))];
  }

  send.addEventListener("click", dispatch);
  bindKeys(keysIn, t("In an incident (queue or panel)"), [
    { key: "d", does: t("Send the units that are ticked"), when: () => can.dispatch && current() && chosen.size > 0, run: dispatch },
    { key: "+", does: t("Look at the next alarm level"), when: () => Boolean(current()), run: () => {
      level = Math.min((level ?? current().alarm_level ?? 1) + 1, 5);
      touched = false;
      ask();
    } },
  ]);

  return {
    ask,
    dispatch,
    askSoon: debounce(() => ask({ keep: true }), 1500),
    focus: () => send.focus(),
    units: picked,
    // A unit chosen on the unit board, whatever the card says; again takes it back.
    toggle(callsign) {
      if (!current()) return false;
      choose(callsign, !chosen.has(callsign));
      show();
      return true;
    },
    reset() {
      turn += 1;
      answer = null;
      chosen = new Set();
      touched = false;
      level = null;
      key = newKey();
      clear(body);
      clear(said);
      clear(cover);
      face();
    },
  };
}
