// Open incidents: highest priority first, then the oldest; rows stay where they are under the pointer.

import { layerFeatures } from "./api.js";
import { clear, el } from "./dom.js";
import { formatDuration } from "./format.js";
import { t } from "./text.js";

export function createIncidentQueue(node, { select }, { onChoose }) {
  const list = node.querySelector("[data-queue]");
  let rows = [];
  let waiting = null;

  const age = (since) => (since ? formatDuration(Math.max(0, (Date.now() - new Date(since)) / 1000)) : "");

  function draw() {
    clear(list);
    for (const row of rows) {
      const line = el("button", { type: "button", class: "rank-row" },
        el("span", { class: "rank", text: `P${row.priority ?? "–"}` }),
        el("span", { class: "where" }, el("b", { text: row.number }), el("small", { text: [row.type, row.address].filter(Boolean).join(" · ") })),
        el("span", { class: "amount" }, el("span", { dataset: { since: row.since ?? "" }, text: age(row.since) }), el("small", { text: row.state })),
      );
      line.addEventListener("click", () => {
        select({ layer: row.layer, id: row.id });
        onChoose({ lon: row.lon, lat: row.lat, label: `${row.number} ${row.type ?? ""}`.trim() });
      });
      list.append(el("li", {}, line));
    }
    if (!rows.length) list.append(el("li", { class: "empty-state", text: t("No open incident.") }));
  }

  async function load() {
    let answer;
    try {
      answer = await layerFeatures("active_incidents");
    } catch (error) {
      clear(list).append(el("li", { class: "empty-state", text: error.message }));
      return;
    }
    rows = answer.features
      .map(({ id, geometry, properties }) => ({
        id, layer: "active_incidents", lon: geometry.coordinates[0], lat: geometry.coordinates[1], number: properties.number ?? String(id),
        priority: properties.priority, since: properties.reported_at, state: t(`state_${properties.state}`), type: properties.type_name, address: properties.address,
      }))
      .sort((a, b) => (a.priority ?? 9) - (b.priority ?? 9) || new Date(a.since ?? 0) - new Date(b.since ?? 0));
    // A row under the pointer or the focus must not jump away from it.
    if (list.matches(":hover") || list.contains(document.activeElement)) {
      waiting = draw;
      return;
    }
    draw();
  }

  list.addEventListener("pointerleave", () => {
    waiting?.();
    waiting = null;
  });
  setInterval(() => {
    for (const cell of list.querySelectorAll("[data-since]")) cell.textContent = age(cell.dataset.since);
  }, 1000);
  return { load };
}
