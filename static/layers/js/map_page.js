// The public and operations map: wires the parts together.

import { isShown, mapReady, showLayer, shownLayers } from "./composition.js";
import { createDetails } from "./details.js";
import { button, debounce } from "./dom.js";
import { createJobBanner } from "./job_banner.js";
import { createLayerControl } from "./layer_control.js";
import { createMapTools } from "./map_tools.js";
import { readPermalink, writePermalink } from "./permalink.js";
import { pick } from "./picker.js";
import { createSearch } from "./search.js";
import { createSelection } from "./selection.js";
import { t } from "./text.js";
import { toast } from "./toast.js";
import "./shell.js";

const scene = await mapReady;
const { L, map } = scene;
const wanted = readPermalink();
let selected = wanted.selection;

for (const { options } of scene.layers.values()) {
  showLayer(options.key, wanted.layers ? wanted.layers.includes(options.key) : options.shown);
}

const selection = createSelection(L, map);
const save = debounce(() => writePermalink({ map, layers: shownLayers(), selection: selected }), 150);

const details = createDetails(document.getElementById("details"), {
  onSelect: (feature) => select(feature, { move: true }),
  onClose: () => {
    selected = null;
    selection.clear();
    save();
  },
});
details.addAction((detail) =>
  button(t("Zoom to it"), { class: "button", onclick: () => moveTo(detail.geometry, 18) }, "target"),
);

async function select(feature, { move = false } = {}) {
  selected = { layer: feature.layer, id: feature.id };
  save();
  const detail = await details.open(selected);
  if (!detail) return;
  selection.show(detail.geometry);
  if (move) moveTo(detail.geometry, Math.max(map.getZoom(), 16));
}

function moveTo(geometry, zoom) {
  const bounds = L.geoJSON(geometry).getBounds();
  if (bounds.getNorthEast().equals(bounds.getSouthWest())) map.setView(bounds.getCenter(), Math.min(zoom, map.getMaxZoom()));
  else map.fitBounds(bounds, { maxZoom: zoom, padding: [60, 60] });
}

map.on("click", ({ latlng }) => {
  const found = pick(scene, latlng);
  const [best] = found;
  if (!best) {
    details.close();
    return;
  }
  if (best.properties?.point_count) {
    map.setView(latlng, Math.min(map.getZoom() + 2, map.getMaxZoom()));
    return;
  }
  if (best.id !== null && best.id !== undefined) select(best);
});
map.on("moveend layerchoice", save);

let searchMarker = null;
createSearch(document.getElementById("search"), {
  near: () => map.getCenter(),
  onChoose: (result) => {
    searchMarker?.remove();
    searchMarker = null;
    if (result.layer && result.id) {
      if (scene.layers.has(result.layer) && !isShown(result.layer)) showLayer(result.layer, true);
      map.setView([result.lat, result.lon], Math.max(map.getZoom(), 16));
      select(result);
      return;
    }
    searchMarker = L.circleMarker([result.lat, result.lon], { radius: 9, className: "search-mark", interactive: false, renderer: L.svg() }).addTo(map);
    map.setView([result.lat, result.lon], Math.max(map.getZoom(), result.zoom ?? 17));
  },
});

createLayerControl(document.getElementById("layers"), scene);
createMapTools(scene);
createJobBanner(document.getElementById("jobs"));
if (selected) select(selected, { move: !wanted.view });
addEventListener("hashchange", () => {
  const next = readPermalink();
  if (next.view) map.setView([next.view.lat, next.view.lon], next.view.zoom);
  if (next.selection) select(next.selection);
});
map.on("outsidefailed", () => toast(t("The outside tile server does not answer; our own base map is shown."), "warn"));
document.documentElement.dataset.ready = "map";
