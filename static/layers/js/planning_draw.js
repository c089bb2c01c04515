// Points and zones drawn on the map: click by click, or at the map's centre for those who use keys.

import { button, clear, el } from "./dom.js";
import { formatLonLat } from "./format.js";
import { t } from "./text.js";

const MARKS = { required: "★", extra: "+" };
const FORBIDDEN = "#ff7a70";

export function createDrawing(node, desk) {
  const { L, map } = desk.scene;
  const renderer = L.svg();
  const group = L.layerGroup();
  const drawn = { required: [], extra: [], forbidden: [] };
  const list = node.querySelector("[data-drawn]");
  const finish = node.querySelector("[data-zone-done]");
  let corners = [];
  let mode = "";

  function redraw() {
    group.clearLayers();
    for (const kind of ["required", "extra"]) {
      drawn[kind].forEach(([lon, lat], place) => {
        const icon = L.divIcon({ className: "", html: "", iconSize: [26, 26] });
        const mark = L.marker([lat, lon], { icon, draggable: true, keyboard: false });
        mark.on("add", () => mark.getElement().replaceChildren(el("span", { class: `draw-mark is-${kind}`, text: MARKS[kind] })));
        mark.on("dragend", () => {
          const at = mark.getLatLng();
          drawn[kind][place] = [at.lng, at.lat];
          redraw();
        });
        mark.addTo(group);
      });
    }
    for (const ring of drawn.forbidden) L.polygon(ring.map(([lon, lat]) => [lat, lon]), { renderer, interactive: false, color: FORBIDDEN, weight: 2, fillOpacity: 0.2, dashArray: "6 4" }).addTo(group);
    if (corners.length) L.polyline(corners.map(([lon, lat]) => [lat, lon]), { renderer, interactive: false, color: FORBIDDEN, weight: 2 }).addTo(group);
    finish.hidden = corners.length < 3;
    clear(list);
    const say = { required: t("must carry a site"), extra: t("may carry a site"), forbidden: t("no site in this zone") };
    for (const kind of Object.keys(drawn)) {
      drawn[kind].forEach((shape, place) => {
        const where = kind === "forbidden" ? t("{n} corners", { n: shape.length }) : formatLonLat(...shape);
        list.append(el("li", {}, el("span", { text: `${say[kind]} · ${where}` }),
          button(t("Remove"), { class: "button is-quiet", onclick: () => {
            drawn[kind].splice(place, 1);
            redraw();
          } })));
      });
    }
  }

  function put(latlng) {
    const pair = [Number(latlng.lng.toFixed(7)), Number(latlng.lat.toFixed(7))];
    if (mode === "forbidden") corners.push(pair);
    else drawn[mode].push(pair);
    redraw();
    return true;
  }

  function zoneDone() {
    if (corners.length >= 3) drawn.forbidden.push(corners);
    corners = [];
    redraw();
  }

  for (const choice of node.querySelectorAll("input[name='draw-mode']")) {
    choice.addEventListener("change", () => {
      if (mode === "forbidden") zoneDone();
      mode = choice.value;
      node.querySelector("[data-at-centre]").hidden = !mode;
      desk.takeClicks(mode ? put : null);
    });
  }
  node.querySelector("[data-at-centre]").addEventListener("click", () => mode && put(map.getCenter()));
  finish.addEventListener("click", zoneDone);

  return {
    value: () => {
      zoneDone();
      return { required: drawn.required, extra: drawn.extra, forbidden: drawn.forbidden };
    },
    show: () => group.addTo(map),
    hide: () => group.remove(),
    clear() {
      for (const kind of Object.keys(drawn)) drawn[kind] = [];
      corners = [];
      redraw();
    },
  };
}
