// Which feature a click means: live ones first, then layers from the top, the base map last.

import { basemapHit } from "./basemap.js";
import { isShown } from "./composition.js";

const coarse = matchMedia("(pointer: coarse)");
const BASE_FROM_ZOOM = 15;

// [{layer, id, properties}] at a place, the best first; a cluster has no id.
export function pick(scene, latlng) {
  const reach = coarse.matches ? 14 : 5;
  const found = [];
  const shown = [...scene.layers.values()].filter(({ options }) => isShown(options.key)).sort((a, b) => b.options.order - a.options.order);
  for (const { options, drawing } of shown) {
    for (const { features } of drawing.hit(latlng, reach)) {
      for (const feature of features) found.push({ layer: options.key, id: feature.id, properties: feature.properties });
    }
  }
  // Areas that only have an outline never stand in the way of what lies on them.
  if (scene.map.getZoom() >= BASE_FROM_ZOOM) found.push(...basemapHit(scene.basemap, latlng, reach));
  return found;
}
