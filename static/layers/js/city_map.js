// The map of every page: layers, search, details and selection wired once; a console decides what a click means.

import { mapReady, isShown, showLayer, shownLayers } from "./composition.js";
import { createDetails } from "./details.js";
import { button, debounce, el } from "./dom.js";
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

// `onClick(latlng, best)` returns true when the console took the click; `onPlace(result)` likewise for a search hit.
// `slash` false: the page has another use for that key.
export async function startCityMap({ onClick = () => false, onPlace = () => false, slash = true } = {}) {
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

  function moveTo(geometry, zoom = 17) {
    const bounds = L.geoJSON(geometry).getBounds();
    if (bounds.getNorthEast().equals(bounds.getSouthWest())) map.setView(bounds.getCenter(), Math.min(zoom, map.getMaxZoom()));
    else map.fitBounds(bounds, { maxZoom: zoom, padding: [60, 60] });
  }

  async function select(feature, { move = false } = {}) {
    selected = { layer: feature.layer, id: feature.id };
    save();
    const detail = await details.open(selected);
    if (!detail) return;
    selection.show(detail.geometry);
    if (move) moveTo(detail.geometry, Math.max(map.getZoom(), 16));
  }

  map.on("click", ({ latlng }) => {
    const [best] = pick(scene, latlng);
    if (onClick(latlng, best)) return;
    if (!best) details.close();
    else if (best.properties?.point_count) map.setView(latlng, Math.min(map.getZoom() + 2, map.getMaxZoom()));
    else if (best.id !== null && best.id !== undefined) select(best);
  });
  map.on("moveend layerchoice", save);

  let searchMarker = null;
  createSearch(document.getElementById("search"), {
    near: () => map.getCenter(),
    slash,
    onChoose: (result) => {
      searchMarker?.remove();
      searchMarker = null;
      const found = Boolean(result.layer && result.id);
      map.setView([result.lat, result.lon], Math.max(map.getZoom(), found ? 16 : (result.zoom ?? 17)));
      if (onPlace(result)) return;
      if (found) {
        if (scene.layers.has(result.layer) && !isShown(result.layer)) showLayer(result.layer, true);
        select(result);
        return;
      }
      searchMarker = L.circleMarker([result.lat, result.lon], { radius: 9, className: "search-mark", interactive: false, renderer: L.svg() }).addTo(map);
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
  return { scene, details, selection, select, moveTo };
}

// A mark that a hand can drag; `onMove(latlng)` when it is let go.
export function placeMark(L, map, latlng, onMove) {
  const icon = L.divIcon({ className: "place-mark-box", iconSize: [26, 26], iconAnchor: [13, 26], html: "" });
  const marker = L.marker(latlng, { icon, draggable: true, keyboard: false, autoPan: true });
  // Leaflet moves the box by its transform; the drop inside it has one of its own.
  marker.on("add", () => marker.getElement().replaceChildren(el("span", { class: "place-mark" })));
  marker.on("dragend", () => onMove(marker.getLatLng()));
  return marker.addTo(map);
}
