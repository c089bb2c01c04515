// What falls out of reach while units are on the incident, and which free unit could stand in: one action sends it.

import { coverNow, unitStatus } from "../api_dispatch.js";
import { clear, debounce, el } from "../dom.js";
import { newKey } from "../dispatch/ids.js";
import { bindKeys, keyMark } from "../dispatch/keys.js";
import { refusalWords } from "../dispatch/refusals.js";
import { formatDuration, formatNumber } from "../format.js";
import { t } from "../text.js";

const percent = (value) => (value === null || value === undefined ? "–" : `${formatNumber(value * 100)} %`);
export const placeNames = (fire, codes) => codes.map((code) => fire.areas.find((area) => area.code === code)?.name ?? code).join(", ");

// What is said of one kind of unit: how many people were and are within the limit, and what fell out of it.
export function lossLine(kind, one, limit) {
  const minutes = String(limit);
  const share = (side) => percent(one[side]?.people?.[minutes] ?? one[side]?.streets?.[minutes]);
  return el("li", { class: "cover-loss", dataset: { lost: String(one.lost.length) } },
    el("span", { text: t("{kind}, {n} min: {before} → {after}", { kind: t(`kind_${kind}`), n: limit, before: share("now"), after: share("after") }) }),
    one.lost.length ? el("b", {}, el("span", { class: "shape", "aria-hidden": "true", text: "◆" }), t("out of reach: {areas}", { areas: placeNames(one, one.lost) })) : null);
}

export function createMoveUp(node, { can, current, board, keysIn }) {
  const body = node.querySelector("[data-move-up]");
  const said = node.querySelector("[data-move-up-said]");
  let turn = 0;
  let offered = [];
  let shown = "";

  const ordered = (move) => board.unit(move.unit)?.post === move.to.code;
  const open = () => offered.filter((move) => !ordered(move));

  function moveLine(move) {
    const done = ordered(move);
    const first = !done && open()[0] === move;
    const limit = Object.keys(move.before.people ?? move.before.streets)[0];
    const words = [
      move.eta_s === null ? "" : formatDuration(move.eta_s),
      t("back in reach: {areas}", { areas: move.brings_back.map((area) => area.name).join(", ") }),
      t("{before} → {after} of people within {n} min", { before: percent(move.before.people?.[limit]), after: percent(move.after.people?.[limit]), n: limit }),
    ].filter(Boolean);
    return el("li", { class: "move-up" },
      el("b", { text: t("{unit} to {post}", { unit: move.unit, post: move.to.station }) }),
      el("span", { class: "card-why", text: words.join(" · ") }),
      done ? el("span", { class: "move-done", text: t("ordered") }) : el("button", { type: "button", class: "button is-small", dataset: { moveUnit: move.unit }, onclick: () => carryOut(move) }, el("span", { text: t("Move up") }), first ? keyMark("j") : null));
  }

  // A unit under way to its post, or there: the figures above count it at the post already.
  function orderLine(order) {
    const words = [order.eta_s ? t("there in {time}", { time: formatDuration(order.eta_s) }) : "", t("counted there")].filter(Boolean);
    return el("li", { class: "move-up" },
      el("b", { text: t("{unit} to {post}", { unit: order.unit, post: order.to.station }) }),
      el("span", { class: "card-why", text: words.join(" · ") }),
      el("span", { class: "move-done", text: t("ordered") }));
  }

  function show(found = null) {
    clear(body);
    const kinds = Object.entries(found?.kinds ?? {}).filter(([, one]) => one.after);
    const lost = kinds.some(([, one]) => one.lost.length);
    const orders = kinds.flatMap(([, one]) => one.ordered ?? []);
    node.hidden = !lost && !orders.length;
    if (node.hidden) return;
    body.append(el("ul", { class: "plain-list cover-lines" }, kinds.map(([kind, one]) => lossLine(kind, one, found.limit_minutes))));
    if (orders.length) body.append(el("ul", { class: "plain-list" }, orders.map(orderLine)));
    if (offered.length) body.append(el("ul", { class: "plain-list" }, offered.map(moveLine)));
    else if (lost) body.append(el("p", { class: "console-note", text: t("No free unit can stand in without leaving a gap of its own.") }));
  }

  async function carryOut(move) {
    const unit = board.unit(move.unit);
    if (!unit || !can.dispatch) return;
    said.textContent = "";
    try {
      await unitStatus(unit.id, { status: "patrol", version: unit.version, post: move.to.code }, newKey());
      said.textContent = t("{unit} moves up to {post}.", { unit: move.unit, post: move.to.station });
      board.soon();
      ask();
    } catch (error) {
      said.textContent = `${move.unit}: ${refusalWords(error)}`;
      ask();
    }
  }

  let answer = null;
  async function ask() {
    const incident = current();
    const mine = ++turn;
    if (!incident || !can.cover || !can.dispatch || !incident.units?.length) {
      reset();
      return;
    }
    try {
      const found = await coverNow({ incident: incident.id, minutes: "15" });
      if (mine !== turn) return;
      answer = found;
      offered = Object.values(found.kinds).flatMap((one) => one.moves);
      show(found);
    } catch {
      // Without times by road nothing is known of the cover: nothing is said.
      if (mine === turn) reset();
    }
  }

  const again = debounce(ask, 800);

  function reset() {
    turn += 1;
    answer = null;
    offered = [];
    shown = "";
    said.textContent = "";
    show();
  }

  // Orders given at this desk or at another, and those that ended, change what is left to do.
  const posted = () => board.state.units.filter((unit) => unit.post).map((unit) => `${unit.callsign} ${unit.post}`).join();
  board.onChange(() => {
    const now = posted();
    if (!answer || now === shown) return;
    shown = now;
    const held = document.activeElement?.closest?.("[data-move-up]") === body;
    show(answer);
    if (held) (body.querySelector("button") ?? node).focus();
    again();
  });
  bindKeys(keysIn, t("In an incident (queue or panel)"), [
    { key: "j", does: t("Carry out the first move up"), when: () => can.dispatch && !node.hidden && open().length > 0, run: () => carryOut(open()[0]) },
  ]);

  return { ask, askSoon: again, reset };
}
