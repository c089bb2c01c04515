// A catalogue layer drawn from vector tiles on one canvas a tile, with hit testing.

import { getTile } from "./api.js";
import { debounce } from "./dom.js";
import { onLayerChange } from "./events.js";
import { decodeTile } from "./mvt.js";
import { drawSectors } from "./sectors.js";
import { clusterSize, colourOf, drawCluster, styleFor, symbolBitmap } from "./symbols.js";
import { onThemeChange } from "./theme.js";

const TILE_PX = 512;
const KEPT_TILES = 96;

// Tile zoom z is drawn at map zoom z + 1, on 512 pixels; beyond the deepest, parts of its tiles.
function dataAddress(coords, deepest) {
  const z = coords.z - 1;
  const over = Math.max(0, z - deepest);
  const parts = 1 << over;
  return {
    z: z - over,
    x: Math.floor(coords.x / parts),
    y: Math.floor(coords.y / parts),
    scale: parts,
    shiftX: (coords.x % parts) * TILE_PX,
    shiftY: (coords.y % parts) * TILE_PX,
  };
}

export function createTileLayer(L, layer) {
  const CanvasLayer = L.GridLayer.extend({
    initialize(options) {
      L.setOptions(this, options);
      this.layer = layer;
      this.sectors = null;
      this.parameters = {};
      this.kept = new Map();
      this.drawn = new Map();
    },

    onAdd(map) {
      L.GridLayer.prototype.onAdd.call(this, map);
      this.stops = [onThemeChange(() => this.repaint()), onLayerChange(layer, debounce(() => this.refresh(), 800))];
    },

    onRemove(map) {
      for (const stop of this.stops ?? []) stop();
      this.drawn.clear();
      L.GridLayer.prototype.onRemove.call(this, map);
    },

    createTile(coords, done) {
      const canvas = document.createElement("canvas");
      const ratio = Math.min(devicePixelRatio || 1, 2);
      canvas.width = canvas.height = TILE_PX * ratio;
      const key = this._tileCoordsToKey(coords);
      this.load(coords)
        .then((data) => {
          const tile = { canvas, ratio, coords: { ...coords }, data };
          this.drawn.set(key, tile);
          this.paint(tile);
          done(null, canvas);
        })
        .catch((error) => {
          if (error.name !== "AbortError") this.fire("failed", { error });
          done(error, canvas);
        });
      return canvas;
    },

    address({ z, x, y }) {
      const path = layer.tiles.replace("{z}", z).replace("{x}", x).replace("{y}", y);
      const query = new URLSearchParams(this.parameters).toString();
      return query ? `${path}?${query}` : path;
    },

    load(coords) {
      const count = 2 ** (coords.z - 1);
      const address = dataAddress({ ...coords, x: ((coords.x % count) + count) % count }, layer.maxZoom);
      if (coords.z < 1 || address.z < layer.minZoom || coords.y < 0 || coords.y >= count) return Promise.resolve(null);
      const where = this.address(address);
      let entry = this.kept.get(where);
      if (entry) {
        this.kept.delete(where);
      } else {
        entry = getTile(where).then((buffer) => {
          const layers = decodeTile(buffer);
          return { ...layers.get(layer.key), left: layers.get("left_out") };
        });
        entry.catch(() => this.kept.delete(where));
        while (this.kept.size >= KEPT_TILES) this.kept.delete(this.kept.keys().next().value);
      }
      this.kept.set(where, entry);
      return entry.then((found) => {
        if (found.left) this.fire("leftout", { count: found.left.features[0]?.properties.left_out ?? 0 });
        return found.features ? { ...address, features: found.features, unit: TILE_PX / found.extent } : null;
      });
    },

    paint(tile) {
      const { canvas, ratio, data, coords } = tile;
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, TILE_PX, TILE_PX);
      tile.marks = [];
      if (!data) return;
      const place = (value, shift) => value * data.unit * data.scale - shift;
      if (layer.geometry === "point") this.paintPoints(context, tile, place, coords.z);
      for (const feature of data.features) {
        if (feature.type === 1) continue;
        const style = styleFor(layer, feature.properties);
        const path = new Path2D();
        for (const part of feature.parts) {
          for (let i = 0; i < part.length; i += 2) {
            const x = place(part[i], data.shiftX);
            const y = place(part[i + 1], data.shiftY);
            if (i === 0) path.moveTo(x, y);
            else path.lineTo(x, y);
          }
        }
        context.lineJoin = context.lineCap = "round";
        context.strokeStyle = context.fillStyle = colourOf(style);
        context.setLineDash(style.dash);
        context.lineWidth = style.weight;
        if (feature.type === 3 && style.opacity > 0) {
          context.globalAlpha = style.opacity;
          context.fill(path, "evenodd");
        }
        context.globalAlpha = feature.type === 3 ? Math.min(1, style.opacity + 0.45) : 1;
        context.stroke(path);
        context.globalAlpha = 1;
        tile.marks.push({ feature, path, style });
      }
      context.setLineDash([]);
    },

    // Points at one spot (cameras of a pole) become one symbol with their number.
    paintPoints(context, tile, place, zoom) {
      const { data } = tile;
      const spots = new Map();
      for (const feature of data.features) {
        const [px, py] = feature.parts[0] ?? [];
        if (px === undefined) continue;
        const key = feature.properties.point_count ? `c${px}/${py}` : `${px}/${py}`;
        const spot = spots.get(key);
        if (spot) spot.features.push(feature);
        else spots.set(key, { x: place(px, data.shiftX), y: place(py, data.shiftY), features: [feature] });
      }
      const margin = 40;
      const near = [...spots.values()].filter(
        ({ x, y }) => x > -margin && y > -margin && x < TILE_PX + margin && y < TILE_PX + margin,
      );
      if (this.sectors && zoom >= 15) drawSectors(context, near, layer, this.sectors, zoom, tile);
      const size = zoom >= 16 ? 10 : zoom >= 14 ? 8.5 : 6;
      for (const spot of near) {
        const [first] = spot.features;
        const count = first.properties.point_count;
        if (count) {
          drawCluster(context, spot.x, spot.y, count, layer.style);
          tile.marks.push({ feature: first, ...spot, size: clusterSize(count) });
          continue;
        }
        const badge = spot.features.length > 1 && size >= 8 ? String(spot.features.length) : "";
        const bitmap = symbolBitmap(styleFor(layer, worst(spot.features).properties), { size, badge, ratio: tile.ratio });
        const half = bitmap.cssHalf;
        context.drawImage(bitmap, spot.x - half, spot.y - half, half * 2, half * 2);
        tile.marks.push({ feature: first, ...spot, size });
      }
    },

    repaint() {
      for (const tile of this.drawn.values()) this.paint(tile);
    },

    // Ask again for what is on the screen; unchanged tiles are answered by their ETag.
    refresh() {
      this.kept.clear();
      for (const tile of this.drawn.values()) {
        this.load(tile.coords).then((data) => {
          tile.data = data;
          this.paint(tile);
        }).catch(() => {});
      }
    },

    // Integer filters that the layer's address understands, such as {run: 7}.
    setParameters(parameters) {
      this.parameters = parameters;
      this.kept.clear();
      this.redraw();
    },

    setSectors(sectors) {
      this.sectors = sectors;
      this.repaint();
    },

    // What was drawn at a point of the map, nearest first: [{feature, features, distance}].
    hit(latlng, reach = 6) {
      const zoom = this._tileZoom;
      if (zoom === undefined || !this._map) return [];
      const point = this._map.project(latlng, zoom);
      const found = [];
      for (const [key, tile] of this.drawn) {
        if (tile.coords.z !== zoom || !this._tiles[key]?.current) continue;
        const x = point.x - tile.coords.x * TILE_PX;
        const y = point.y - tile.coords.y * TILE_PX;
        if (x < 0 || y < 0 || x >= TILE_PX || y >= TILE_PX) continue;
        const context = tile.canvas.getContext("2d");
        for (const mark of tile.marks) {
          const distance = distanceTo(mark, x, y, reach, context, tile.ratio);
          if (distance !== null) found.push({ feature: mark.feature, features: mark.features ?? [mark.feature], distance });
        }
      }
      return found.sort((a, b) => a.distance - b.distance);
    },
  });

  const canvasLayer = new CanvasLayer({ tileSize: TILE_PX, updateWhenZooming: false, keepBuffer: 1, pane: "overlayPane", zIndex: layer.order });
  canvasLayer.on("tileunload", ({ coords }) => canvasLayer.drawn.delete(canvasLayer._tileCoordsToKey(coords)));
  return canvasLayer;
}

function worst(features) {
  const order = ["failed", "maintenance"];
  for (const status of order) {
    const found = features.find((feature) => feature.properties.status === status);
    if (found) return found;
  }
  return features[0];
}

function distanceTo(mark, x, y, reach, context, ratio) {
  if (mark.size !== undefined) {
    const distance = Math.hypot(mark.x - x, mark.y - y);
    return distance <= mark.size + reach ? distance : null;
  }
  context.save();
  context.lineWidth = (mark.style.weight + reach * 2) / 1;
  context.setLineDash([]);
  const near =
    context.isPointInStroke(mark.path, x * ratio, y * ratio) ||
    (mark.feature.type === 3 && mark.style.opacity > 0 && context.isPointInPath(mark.path, x * ratio, y * ratio, "evenodd"));
  context.restore();
  return near ? reach : null;
}
