// Wedges that say where cameras look. A hint of direction, not of what is seen: no building blocks them.

import { colourOf, styleFor } from "./symbols.js";

const MERCATOR_M_PER_PX = 156543.03392804097;

// `sectors.rangeMetres` is the radius; a heading is degrees clockwise from north, y grows southward.
export function drawSectors(context, spots, layer, sectors, zoom, tile) {
  const latitude = Math.atan(Math.sinh(Math.PI * (1 - (2 * (tile.coords.y + 0.5)) / 2 ** (zoom - 1))));
  const metresPerPx = (MERCATOR_M_PER_PX * Math.cos(latitude)) / 2 ** zoom;
  const radius = Math.min(Math.max(sectors.rangeMetres / metresPerPx, 16), 90);
  for (const { x, y, features } of spots) {
    for (const { properties } of features) {
      if (properties.heading_deg === undefined) continue;
      const half = ((properties.fov_deg ?? 70) * Math.PI) / 360;
      const middle = ((properties.heading_deg - 90) * Math.PI) / 180;
      const colour = colourOf(styleFor(layer, properties));
      const fill = context.createRadialGradient(x, y, 0, x, y, radius);
      fill.addColorStop(0, `${colour}88`);
      fill.addColorStop(1, `${colour}10`);
      context.beginPath();
      context.moveTo(x, y);
      context.arc(x, y, radius, middle - half, middle + half);
      context.closePath();
      context.fillStyle = fill;
      context.fill();
    }
  }
}
