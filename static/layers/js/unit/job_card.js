// The job of a unit as its crew reads it: what, where, how far; never who called.

import { clear, el } from "../dom.js";
import { formatDuration, formatMetres } from "../format.js";
import { formatElapsed } from "../dispatch/clock.js";
import { numberMark, placeWords, priorityMark, stepName, typeName } from "../dispatch/marks.js";
import { t } from "../text.js";

export function drawJob(node, job) {
  clear(node);
  if (!job) return;
  const { incident, assignment } = job;
  if (!incident) {
    node.append(el("p", { class: "unit-free-now" }, el("span", { class: "shape", "aria-hidden": "true", text: "●" }), el("span", { text: t("No job now.") })));
    if (job.unit?.reason) node.append(el("p", { class: "unit-where", text: job.unit.reason }));
    return;
  }
  const where = placeWords(incident);
  node.append(...[
    el("div", { class: "head-line" }, priorityMark(incident.priority), numberMark(incident.number), el("h2", { text: typeName(incident.type) })),
    el("p", { class: "unit-where", text: where || t("no address") }),
    job.route ? el("p", { class: "unit-way" }, el("b", { text: formatDuration(job.route.eta_s) }), el("span", { text: ` · ${formatMetres(job.route.distance_m)}` })) : null,
    incident.summary ? el("p", { class: "head-summary", text: incident.summary }) : null,
    el("p", { class: "unit-step" }, el("span", { text: stepName(assignment.step) }), el("span", { class: "timer", dataset: { since: assignment.since ?? "" }, text: formatElapsed(assignment.since) }), assignment.unsent ? el("span", { class: "unsent-mark", text: t("not sent yet") }) : null),
    ...(incident.notes?.length ? [el("ul", { class: "plain-list unit-notes" }, [...incident.notes].reverse().slice(0, 5).map((note) => el("li", { text: note.text })))] : []),
    ...(incident.units?.length > 1 ? [el("p", { class: "console-note", text: t("also sent: {units}", { units: incident.units.filter((one) => one.callsign !== job.unit.callsign).map((one) => one.callsign).join(", ") }) })] : []),
  ].filter(Boolean));
}
