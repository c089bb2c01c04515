// Two plans on one map: sites of each by colour and shape, kelurahan in the colour of the plan that gains more there.

import { areaOutlines } from "./api_planning.js";
import { el } from "./dom.js";
import { formatInteger } from "./format.js";
import { t } from "./text.js";

const COLOURS = ["#f2a33a", "#4b9fea"];
// Of the largest difference; below it a kelurahan counts as the same for both.
const SAME = 0.02;
let outlines = null;

export function createCompareMap(node, desk) {
  const { L, map } = desk.scene;
  const key = node.querySelector("[data-compare-key]");
  const group = L.layerGroup();
  const renderer = L.svg({ padding: 0.5 });
  let turn = 0;

  function mark(place, plan, side) {
    const icon = L.divIcon({ className: "", html: "", iconSize: [20, 20] });
    const title = `${plan.name} · ${t("site {n}", { n: place.order })} · ${t("gain {n}", { n: formatInteger(place.gain) })}`;
    const marker = L.marker([place.lat, place.lon], { icon, title, keyboard: false });
    marker.on("add", () => marker.getElement().replaceChildren(el("span", { class: `compare-mark ${side ? "is-second" : "is-first"}`, text: String(place.order) })));
    return marker.addTo(group);
  }

  function colourAreas(shapes, rows) {
    const by = new Map(rows.map((row) => [row.key, row.difference]));
    const most = Math.max(1, ...rows.map((row) => Math.abs(row.difference)));
    L.geoJSON(shapes, {
      renderer, interactive: false, filter: (area) => Math.abs(by.get(area.properties.code) ?? 0) > SAME * most,
      style: (area) => {
        const difference = by.get(area.properties.code);
        return { renderer, interactive: false, stroke: true, weight: 1, color: COLOURS[difference > 0 ? 1 : 0], fillColor: COLOURS[difference > 0 ? 1 : 0], fillOpacity: 0.12 + (0.4 * Math.abs(difference)) / most };
      },
    }).addTo(group);
  }

  return {
    async show(first, second, rows) {
      const mine = ++turn;
      outlines ??= await areaOutlines();
      if (mine !== turn) return;
      group.clearLayers();
      colourAreas(outlines, rows);
      const places = [first, second].flatMap((plan, side) => plan.places.map((place) => {
        mark(place, plan, side);
        return [place.lat, place.lon];
      }));
      node.querySelector("[data-key-first]").textContent = first.name;
      node.querySelector("[data-key-second]").textContent = second.name;
      key.hidden = false;
      group.addTo(map);
      if (places.length) map.fitBounds(places, { padding: [40, 40], maxZoom: 16, animate: false });
    },
    clear() {
      turn += 1;
      key.hidden = true;
      group.clearLayers();
      group.remove();
    },
  };
}
