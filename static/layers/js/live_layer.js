// A layer whose features come by API at once and by events afterwards, drawn on Leaflet's canvas.

import { layerFeatures } from "./api.js";
import { debounce } from "./dom.js";
import { onEvent, onLayerChange } from "./events.js";
import { styleFor, symbolBitmap } from "./symbols.js";
import { onThemeChange } from "./theme.js";

function sizeAt(zoom) {
  if (zoom >= 16) return 11;
  return zoom >= 14 ? 9.5 : 7;
}

export function createLiveLayer(L, layer) {
  const Symbol = L.CircleMarker.extend({
    _updatePath() {
      const renderer = this._renderer;
      if (!renderer._drawing || this._empty()) return;
      const bitmap = symbolBitmap(this.options.style, { size: sizeAt(this._map.getZoom()) });
      const half = bitmap.cssHalf;
      const { x, y } = this._point;
      renderer._ctx.globalAlpha = this.options.faded ? 0.5 : 1;
      renderer._ctx.drawImage(bitmap, x - half, y - half, half * 2, half * 2);
      renderer._ctx.globalAlpha = 1;
    },
  });

  const Live = L.LayerGroup.extend({
    initialize() {
      L.LayerGroup.prototype.initialize.call(this);
      this.layer = layer;
      this.markers = new Map();
      this.features = new Map();
    },

    onAdd(map) {
      this.renderer = L.canvas({ pane: "markerPane", padding: 0.3 });
      L.LayerGroup.prototype.onAdd.call(this, map);
      const soon = debounce(() => this.refresh(), 400);
      // A move carries its place: it is drawn without asking, however many there are a second.
      this.stops = [
        onThemeChange(() => this.repaint()),
        onLayerChange(layer, (event) => event.kind !== "unit.moved" && soon()),
        onEvent("unit.moved", (event) => event.layer === layer.key && this.move(event.payload ?? {})),
      ];
      this.refresh();
    },

    onRemove(map) {
      for (const stop of this.stops ?? []) stop();
      L.LayerGroup.prototype.onRemove.call(this, map);
    },

    async refresh() {
      try {
        this.replace((await layerFeatures(layer.key)).features);
        this.fire("loaded");
      } catch (error) {
        this.fire("failed", { error });
      }
    },

    replace(features) {
      const seen = new Set();
      for (const feature of features) {
        seen.add(feature.id);
        this.put(feature);
      }
      for (const id of [...this.markers.keys()]) if (!seen.has(id)) this.drop(id);
    },

    // Add or move one feature (GeoJSON with an id).
    put(feature) {
      const [lon, lat] = feature.geometry.coordinates;
      const style = styleFor(layer, feature.properties);
      this.features.set(feature.id, feature);
      const known = this.markers.get(feature.id);
      if (known) {
        known.options.style = style;
        known.setLatLng([lat, lon]);
        return;
      }
      const marker = new Symbol([lat, lon], { radius: 12, renderer: this.renderer, style, interactive: false });
      this.markers.set(feature.id, marker);
      this.addLayer(marker);
    },

    move({ id, lon, lat, fix_at }) {
      for (const feature of this.features.values()) {
        if (feature.properties.unit_id !== id) continue;
        const properties = { ...feature.properties, fix_at };
        this.put({ ...feature, properties, geometry: { type: "Point", coordinates: [lon, lat] } });
        return;
      }
    },

    drop(id) {
      const marker = this.markers.get(id);
      if (marker) this.removeLayer(marker);
      this.markers.delete(id);
      this.features.delete(id);
    },

    repaint() {
      for (const marker of this.markers.values()) if (marker._map) marker.redraw();
    },

    hit(latlng, reach = 6) {
      if (!this._map) return [];
      const point = this._map.latLngToContainerPoint(latlng);
      const found = [];
      for (const [id, marker] of this.markers) {
        const distance = this._map.latLngToContainerPoint(marker.getLatLng()).distanceTo(point);
        if (distance <= 12 + reach) {
          const { properties } = this.features.get(id);
          found.push({ feature: { id, properties }, features: [{ id, properties }], distance });
        }
      }
      return found.sort((a, b) => a.distance - b.distance);
    },
  });
  Live.include(L.Evented.prototype);
  return new Live();
}
