// Who sees this point, how well and from how far.

import { camerasSeeing } from "./api_coverage.js";
import { clear, el } from "./dom.js";
import { formatInteger, formatLonLat, formatMetres, formatNumber } from "./format.js";
import { placeMark } from "./city_map.js";
import { t } from "./text.js";

// `marked` false: the page has a mark of its own at the place.
export function createPointView(node, { scene }, { marked = true } = {}) {
  const { L, map } = scene;
  const body = node.querySelector("[data-point]");
  const lines = L.layerGroup().addTo(map);
  let mark = null;
  let turn = 0;

  function draw(latlng, cameras) {
    lines.clearLayers();
    for (const camera of cameras) {
      L.polyline([[camera.lat, camera.lon], latlng], { color: camera.now ? "#53d3c5" : "#f5b841", weight: 2, dashArray: camera.now ? null : "5 5", interactive: false, renderer: L.svg() }).addTo(lines);
    }
  }

  async function ask(latlng) {
    const mine = ++turn;
    if (mark) mark.setLatLng(latlng);
    else if (marked) mark = placeMark(L, map, latlng, ask);
    let answer;
    try {
      answer = await camerasSeeing(latlng.lng, latlng.lat);
    } catch (error) {
      if (mine === turn) clear(body).append(el("p", { class: "empty-state", text: error.message }));
      return;
    }
    if (mine !== turn) return;
    draw(latlng, answer.cameras);
    clear(body).append(
      el("p", { class: "console-note mono", text: formatLonLat(latlng.lng, latlng.lat) }),
      el("p", { text: answer.cameras.length ? t("{n} cameras see this point", { n: formatInteger(answer.cameras.length) }) : t("No camera sees this point.") }),
      el("ol", { class: "rank-list" }, answer.cameras.map((camera, place) =>
        el("li", { class: "rank-row" },
          el("span", { class: "rank", text: String(place + 1) }),
          el("span", { class: "where" }, camera.name, el("small", { text: camera.now ? t(`level_${camera.level ?? "none"}`) : t("could turn to it") })),
          el("span", { class: "amount" }, `${formatNumber(camera.px_per_m)} px/m`, el("small", { text: formatMetres(camera.distance_m) })),
        ))),
    );
  }

  return {
    ask,
    clear() {
      turn += 1;
      mark?.remove();
      mark = null;
      lines.clearLayers();
      clear(body).append(el("p", { class: "console-note", text: t("Click a point on the map, or search for one.") }));
    },
  };
}
