// How far one gets by road from the place in 5, 10 and 15 minutes.

import { reachFrom } from "./api_dispatch.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const COLOURS = ["#53d3c5", "#f5d76e", "#ff7a70"];

export function createReach(node, { scene }) {
  const { L, map } = scene;
  const box = node.querySelector("input");
  const group = L.layerGroup().addTo(map);
  const renderer = L.svg();
  let place = null;
  let turn = 0;

  async function draw() {
    const mine = ++turn;
    group.clearLayers();
    if (!box.checked || !place) return;
    try {
      const { features } = await reachFrom(place.lon, place.lat);
      if (mine !== turn) return;
      features.reverse().forEach((feature, at) => {
        const colour = COLOURS[COLOURS.length - 1 - at];
        L.geoJSON(feature, { renderer, interactive: false, style: () => ({ renderer, color: colour, weight: 2, dashArray: ["", "6 4", "2 5"][COLOURS.length - 1 - at], fillColor: colour, fillOpacity: 0.08, interactive: false }) }).addTo(group);
      });
    } catch (error) {
      if (mine === turn) toast(error.message || t("Not available"), "bad");
    }
  }

  box.addEventListener("change", draw);
  return {
    move(next) {
      place = next;
      draw();
    },
    clear() {
      place = null;
      turn += 1;
      group.clearLayers();
    },
  };
}
