// What the script that folium writes may call; pages wait for `mapReady`.

import { createBasemap } from "./basemap.js";
import { createLiveLayer } from "./live_layer.js";
import { readPermalink } from "./permalink.js";
import { createTileLayer } from "./tile_layer.js";
import { t } from "./text.js";

let settle;
// Resolves to the scene: {L, map, options, basemap, layers, groups}; layers maps key to {options, drawing}.
export const mapReady = new Promise((resolve) => {
  settle = resolve;
});
const scene = { L: globalThis.L, map: null, options: null, basemap: null, layers: new Map(), groups: {} };

export function createMap(options) {
  const { L } = scene;
  // The address decides before the first tile is asked for.
  const wanted = readPermalink().view;
  const { zoom, lat, lon } = wanted ?? options;
  const map = L.map(options.container, {
    center: [lat, lon],
    zoom,
    minZoom: 3,
    maxZoom: options.maxZoom,
    zoomControl: false,
    attributionControl: false,
    worldCopyJump: true,
    preferCanvas: true,
    wheelPxPerZoomLevel: 100,
  });
  L.control.zoom({ position: "bottomright", zoomInTitle: t("Zoom in"), zoomOutTitle: t("Zoom out") }).addTo(map);
  L.control.scale({ position: "bottomright", imperial: false, maxWidth: 120 }).addTo(map);
  if (!wanted) {
    const [west, south, east, north] = options.bounds;
    // The public map has its column over the map, a console beside it.
    const side = map.getSize().x >= 900 && !document.querySelector(".console") ? 350 : 10;
    map.fitBounds([[south, west], [north, east]], { paddingTopLeft: [side, 10], paddingBottomRight: [10, 20], animate: false });
  }
  scene.map = map;
  scene.options = options;
  return map;
}

export function addBasemap(map, options) {
  const { L } = scene;
  scene.basemap = createBasemap(L, options).addTo(map);
  if (options.outside) {
    scene.outside = L.tileLayer(options.outside, { maxZoom: 20 });
    scene.outsideAttribution = options.outsideAttribution;
  }
}

export function addTileLayer(map, options) {
  const drawing = createTileLayer(scene.L, options);
  scene.layers.set(options.key, { options, drawing });
}

export function addLiveLayer(map, options) {
  const drawing = createLiveLayer(scene.L, options);
  scene.layers.set(options.key, { options, drawing });
}

export function addCameraSectors(map, { layer, ...sectors }) {
  scene.layers.get(layer)?.drawing.setSectors(sectors);
}

export function addLegend(map, { groups }) {
  scene.groups = groups;
}

export function finish() {
  settle(scene);
}

export function isShown(key) {
  const entry = scene.layers.get(key);
  return Boolean(entry && scene.map.hasLayer(entry.drawing));
}

export function showLayer(key, shown) {
  const entry = scene.layers.get(key);
  if (!entry || shown === scene.map.hasLayer(entry.drawing)) return;
  if (shown) entry.drawing.addTo(scene.map);
  else entry.drawing.remove();
  scene.map.fire("layerchoice", { key, shown });
}

export function shownLayers() {
  return [...scene.layers.keys()].filter(isShown);
}
