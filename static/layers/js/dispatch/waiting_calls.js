// Calls that nobody has taken, or that belong to no incident yet: one key takes the oldest.

import { callTake } from "../api_dispatch.js";
import { clear, el } from "../dom.js";
import { toast } from "../toast.js";
import { t } from "../text.js";
import { refusalWords } from "./refusals.js";
import { onSecond, tickCells } from "./clock.js";
import { channelName } from "./marks.js";

export function createWaitingCalls(node, board, { onTaken }) {
  const list = node.querySelector("ul");
  let drawn = "";

  async function take(call) {
    try {
      onTaken(await callTake(call.id, call.version));
    } catch (error) {
      // Two take one call: one wins, the other reads who has it.
      toast(refusalWords(error), "warn");
      board.soon();
    }
  }

  board.onChange((state) => {
    node.hidden = !state.calls.length;
    const now = JSON.stringify(state.calls);
    if (now === drawn) return;
    drawn = now;
    const has = list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    clear(list).append(...state.calls.map((call) => el("li", {}, el("button", { type: "button", class: "call-row", dataset: { id: String(call.id) }, onclick: () => take(call) },
      el("span", { class: "shape", "aria-hidden": "true", text: "☎" }), el("b", { text: channelName(call.channel) }), el("span", { class: "call-where", text: call.place_text || call.note || t("no place yet") }),
      el("span", { class: "call-who", text: call.taken_by ? String(call.taken_by.name ?? call.taken_by) : "" }), el("span", { class: "timer", dataset: { since: call.arrived_at } })))));
    if (has) list.querySelector(`[data-id='${has}']`)?.focus({ preventScroll: true });
    tickCells(list);
  });
  onSecond(() => tickCells(list));
  return { takeFirst: () => board.state.calls.length && take(board.state.calls[0]) };
}
