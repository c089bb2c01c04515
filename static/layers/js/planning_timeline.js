// What happened, the newest first: who, when, why.

import { el } from "./dom.js";
import { formatInteger, formatTime } from "./format.js";
import { t } from "./text.js";

export function timeline(steps, { onPlace = null } = {}) {
  return el("ol", { class: "timeline" }, [...steps].reverse().map((step) => {
    const what = step.kind === "state" || step.kind === "created" ? step.after_name || step.kind_name : step.kind_name;
    const about = step.order ? t("site {n}", { n: step.order }) : step.details?.camera ? t("camera {code}", { code: step.details.camera }) : "";
    const head = about ? `${about}: ${what}` : what;
    const gain = step.details?.gain_before === undefined ? null : t("gain {a} → {b}", { a: formatInteger(step.details.gain_before), b: formatInteger(step.details.gain) });
    return el("li", { dataset: { kind: step.kind } },
      el("b", { text: head }),
      el("span", { class: "console-note", text: `${step.author} · ${formatTime(step.at)}` }),
      step.text ? el("p", { text: step.text }) : null,
      gain ? el("p", { class: "console-note", text: gain }) : null,
      onPlace && step.place ? el("button", { type: "button", class: "button is-quiet", text: t("Show on the map"), onclick: () => onPlace(step.place) }) : null);
  }));
}
