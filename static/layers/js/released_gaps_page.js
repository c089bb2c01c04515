// A gap map that was formally released: its streets on the public map; a row goes to its gap.

import { releasedGaps } from "./api_coverage.js";
import { startCityMap } from "./city_map.js";
import { toast } from "./toast.js";

const page = document.getElementById("released-gaps");
const { scene } = await startCityMap();
const { L, map } = scene;
const byRank = new Map();

try {
  const found = await releasedGaps(page.dataset.run);
  const renderer = L.svg({ padding: 0.5 });
  const layer = L.geoJSON(found, {
    renderer, interactive: false, style: () => ({ renderer, className: "released-gap", interactive: false }),
    onEachFeature: (gap, drawn) => byRank.set(String(gap.properties.rank), drawn),
  }).addTo(map);
  if (found.features.length) map.fitBounds(layer.getBounds(), { padding: [30, 30] });
} catch (error) {
  toast(error.message, "bad");
}

for (const row of page.querySelectorAll("[data-rank]")) {
  row.addEventListener("click", () => {
    const drawn = byRank.get(row.dataset.rank);
    if (drawn) map.fitBounds(drawn.getBounds(), { maxZoom: 17, padding: [60, 60] });
  });
}
document.documentElement.dataset.ready = "released-gaps";
