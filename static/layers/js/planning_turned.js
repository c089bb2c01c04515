// Existing cameras that a plan turns or replaces: a row each, on the map the old and the new heading; reviewed one by one.

import { planTurned, turnAct } from "./api_planning.js";
import { askReason } from "./ask_reason.js";
import { button, clear, el } from "./dom.js";
import { formatHeading, formatInteger, formatRupiah } from "./format.js";
import { chipKind } from "./planning_list.js";
import { t } from "./text.js";

const RAY_M = 45;
// A longer list is folded away, above the sites.
const FEW = 6;
const METRES_PER_DEG = 111320;

function ray(row, heading) {
  const angle = (heading * Math.PI) / 180;
  const north = (RAY_M * Math.cos(angle)) / METRES_PER_DEG;
  const east = (RAY_M * Math.sin(angle)) / (METRES_PER_DEG * Math.cos((row.lat * Math.PI) / 180));
  return [[row.lat, row.lon], [row.lat + north, row.lon + east]];
}

// `run(task)` shows the plan that the task brings, or says what is wrong.
export function createTurned(node, desk, { run }) {
  const { L, map } = desk.scene;
  const list = node.querySelector("[data-turned-list]");
  const more = node.querySelector("[data-turned-more]");
  const words = node.querySelector("[data-turned-words]");
  const group = L.layerGroup();
  const renderer = L.svg({ padding: 0.5 });
  let plan = null;
  let chosen = 0;

  function mark(row) {
    const line = { renderer, interactive: false };
    L.polyline(ray(row, row.from_heading_deg), { ...line, className: "turn-ray is-old" }).addTo(group);
    if (row.standing) L.polyline(ray(row, row.heading_deg), { ...line, className: "turn-ray" }).addTo(group);
    L.circleMarker([row.lat, row.lon], { ...line, radius: 5, className: "turn-pin" }).addTo(group);
  }

  async function act(row, name, title = "") {
    const reason = title ? await askReason({ title, message: row.code, confirm: title, danger: true }) : "";
    if (reason !== null) await run(() => turnAct(plan.plan, row.id, name, { version: row.version, reason }));
    list.querySelector(`[data-turn='${row.id}'] .rank-row`)?.focus();
  }

  function actions(row) {
    const reviewed = row.review !== "pending" && row.review !== "withdrawn";
    return el("div", { class: "row-detail" }, el("div", { class: "details-actions" },
      plan.may.review && row.review !== "withdrawn" && row.review !== "endorsed" ? button(t("Endorse"), { class: "button is-primary", onclick: () => act(row, "endorse") }) : null,
      plan.may.review && row.standing ? button(t("Refuse"), { class: "button", onclick: () => act(row, "refuse", t("Refuse")) }) : null,
      plan.may.review && reviewed ? button(t("Review again"), { class: "button", onclick: () => act(row, "reopen") }) : null,
      plan.may.thin && row.standing ? button(t("Take out"), { class: "button", onclick: () => act(row, "take-out", t("Take out")) }) : null,
      plan.may.install && row.standing && !row.done_at ? button(t("It hangs so now"), { class: "button is-primary", onclick: () => run(() => planTurned(plan.plan, [row.id])) }) : null));
  }

  function choose(row) {
    chosen = chosen === row.id ? 0 : row.id;
    draw();
    list.querySelector(`[data-turn='${row.id}'] .rank-row`)?.focus();
    if (chosen) map.setView([row.lat, row.lon], Math.max(map.getZoom(), 17));
  }

  function line(row) {
    const what = [t("from {a} to {b}", { a: formatHeading(row.from_heading_deg), b: formatHeading(row.heading_deg) }), row.model ? t("new model {name}", { name: row.model }) : ""].filter(Boolean).join(" · ");
    const review = row.done_at ? t("turned") : row.review_name;
    const face = el("button", { type: "button", class: `rank-row${row.standing ? "" : " is-out"}`, "aria-expanded": String(row.id === chosen), onclick: () => choose(row) },
      el("span", { class: "rank", text: "↻", "aria-hidden": "true" }),
      el("span", { class: "where" }, row.code, el("small", { text: what })),
      el("span", { class: "amount" }, formatInteger(row.gain), el("small", { text: formatRupiah(row.cost_idr) })),
      row.review === "pending" && plan.state === "draft" ? null : el("span", { class: "under" }, el("span", { class: "chip", dataset: { kind: row.done_at ? "good" : chipKind(row.review) }, text: review }), row.reason ? ` ${row.reason}` : ""));
    return el("li", { dataset: { turn: row.id } }, face, row.id === chosen ? actions(row) : null);
  }

  function draw() {
    clear(list).append(...plan.turned.map(line));
    group.clearLayers();
    for (const row of plan.turned) mark(row);
  }

  return {
    show(next) {
      if (plan?.plan !== next.plan) {
        more.open = next.turned.length <= FEW;
        chosen = 0;
      }
      plan = next;
      node.hidden = !plan.turned.length;
      const standing = plan.turned.filter((row) => row.standing);
      const sum = (name) => standing.reduce((all, row) => all + row[name], 0);
      words.textContent = t("{n} cameras gain {gain} for {money}; the most worthwhile first", { n: formatInteger(standing.length), gain: formatInteger(sum("gain")), money: formatRupiah(sum("cost_idr")) });
      draw();
      group.addTo(map);
    },
    hide: () => group.remove(),
  };
}
