// Why the server said no, in the reader's words where the answer says what stands in the way.

import { formatTime } from "../format.js";
import { shortNumber } from "./board.js";
import { t } from "../text.js";

const word = (key, fallback) => {
  const known = t(key);
  return known === key ? fallback : known;
};
const numbers = (list) => [list].flat().map(shortNumber).join(", ");

export const reasonWords = (reason) => word(`reason_${reason}`, String(reason ?? "").replace(/_/g, " "));

// One unit that could not be sent: which incident holds it, or which status keeps it; who did that, and when.
export function heldWords(one) {
  const held = one.incident ? t("is on {number}", { number: shortNumber(one.incident) }) : [reasonWords(one.reason), one.text || one.status_name].filter(Boolean).join(": ");
  const who = one.holder ? t(one.incident ? "sent by {who}" : "set by {who}", { who: one.holder }) : "";
  return [held, who, one.since ? t("since {time}", { time: formatTime(one.since) }) : ""].filter(Boolean).join(", ");
}

// Who was faster, and when, where the answer says so.
export function overtakenWords(body) {
  const by = body.changed_by ?? body.current?.changed_by ?? body.current?.taken_by;
  const who = by && typeof by === "object" ? (by.name ?? by.username) : by;
  const at = body.changed_at ?? body.current?.changed_at;
  return [who ? t("Changed meanwhile by {who}.", { who }) : t("Changed meanwhile by somebody else."), at ? formatTime(at) : ""].filter(Boolean).join(" ");
}

export function refusalWords(error) {
  const body = error.body ?? {};
  if (body.conflicts?.length) return body.conflicts.map((one) => `${one.callsign}: ${heldWords(one)}`).join("; ");
  if (body.units?.length) return t("{units} are still on it.", { units: body.units.join(", ") });
  if (body.possible) return t("Not the usual order. Usual now: {steps}.", { steps: body.possible.map((step) => word(`step_${step}`, step)).join(", ") });
  if (body.actions) return t("Not possible in this state. Possible: {actions}.", { actions: body.actions.map((action) => word(`action_${action}`, action)).join(", ") || "–" });
  if (body.incidents?.length) return t("The unit is on {numbers}.", { numbers: numbers(body.incidents) });
  if (body.holder) return t("{who} has this call already.", { who: body.holder });
  if (typeof body.incident === "string") return t("It belongs to {number} already.", { number: shortNumber(body.incident) });
  if (body.stale) return overtakenWords(body);
  return error.message;
}
