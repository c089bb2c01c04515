// Existing cameras that a plan turns or replaces: a row each, on the map the old and the new heading.

import { clear, el } from "./dom.js";
import { formatHeading, formatInteger, formatRupiah } from "./format.js";
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

export function createTurned(node, desk) {
  const { L, map } = desk.scene;
  const list = node.querySelector("[data-turned-list]");
  const more = node.querySelector("[data-turned-more]");
  const words = node.querySelector("[data-turned-words]");
  const group = L.layerGroup();
  let shown = 0;
  const renderer = L.svg({ padding: 0.5 });

  function draw(row) {
    const line = { renderer, interactive: false };
    L.polyline(ray(row, row.from_heading_deg), { ...line, className: "turn-ray is-old" }).addTo(group);
    L.polyline(ray(row, row.heading_deg), { ...line, className: "turn-ray" }).addTo(group);
    L.circleMarker([row.lat, row.lon], { ...line, radius: 5, className: "turn-pin" }).addTo(group);
  }

  return {
    show(plan) {
      clear(list);
      group.clearLayers();
      node.hidden = !plan.turned.length;
      const sum = (name) => plan.turned.reduce((all, row) => all + (row[name] ?? 0), 0);
      words.textContent = t("{n} cameras gain {gain} for {money}; the most worthwhile first", { n: formatInteger(plan.turned.length), gain: formatInteger(sum("gain")), money: formatRupiah(sum("cost_idr")) });
      if (shown !== plan.plan) more.open = plan.turned.length <= FEW;
      shown = plan.plan;
      for (const row of plan.turned) {
        draw(row);
        const what = [t("from {a} to {b}", { a: formatHeading(row.from_heading_deg), b: formatHeading(row.heading_deg) }), row.model ? t("new model {name}", { name: row.model }) : ""].filter(Boolean).join(" · ");
        list.append(el("li", {}, el("button", { type: "button", class: "rank-row", onclick: () => map.setView([row.lat, row.lon], Math.max(map.getZoom(), 17)) },
          el("span", { class: "rank", text: "↻", "aria-hidden": "true" }),
          el("span", { class: "where" }, row.code, el("small", { text: what })),
          el("span", { class: "amount" }, row.gain === undefined ? "–" : formatInteger(row.gain), el("small", { text: formatRupiah(row.cost_idr) })))));
      }
      group.addTo(map);
    },
    hide: () => group.remove(),
  };
}
