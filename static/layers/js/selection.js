// The one selected feature: drawn with a halo on the map, shown in the panel, named in the address.

import { currentTheme, onThemeChange } from "./theme.js";

export function createSelection(L, map) {
  const pane = map.createPane("selection");
  pane.style.zIndex = 640;
  pane.style.pointerEvents = "none";
  const renderer = L.svg({ pane: "selection", padding: 0.5 });
  const group = L.layerGroup().addTo(map);
  let shown = null;

  const colour = () => (currentTheme() === "dark" ? "#ffe08a" : "#8a2be2");

  function draw() {
    group.clearLayers();
    if (!shown) return;
    L.geoJSON(shown, {
      renderer,
      interactive: false,
      style: () => ({ renderer, color: colour(), weight: 4, opacity: 0.95, fillColor: colour(), fillOpacity: 0.12, interactive: false }),
      pointToLayer: (_feature, latlng) =>
        L.circleMarker(latlng, { renderer, radius: 17, color: colour(), weight: 3, fill: false, interactive: false }),
    }).addTo(group);
  }
  onThemeChange(draw);

  return {
    // `geometry` is GeoJSON; null clears.
    show(geometry) {
      shown = geometry;
      draw();
    },
    clear() {
      shown = null;
      draw();
    },
  };
}
