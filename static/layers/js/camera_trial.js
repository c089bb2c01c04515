// A camera to try out: put it down, turn it, change its lens; its view follows the hand.

import { cameraView } from "./api_coverage.js";
import { clear, debounce, el } from "./dom.js";
import { formatDegrees, formatHeading, formatMetres, formatNumber } from "./format.js";
import { placeMark } from "./city_map.js";
import { t } from "./text.js";

const COLOURS = { visible: "#7fb0ff", monitor: "#9fd8ff", detect: "#53d3c5", observe: "#f5d76e", recognise: "#f5a341", identify: "#ff7a70" };

export function createCameraTrial(node, { scene }) {
  const { L, map } = scene;
  const form = node.querySelector("form");
  const body = node.querySelector("[data-trial]");
  const group = L.layerGroup().addTo(map);
  const renderer = L.svg();
  let mark = null;
  let turn = 0;

  const value = (name) => Number(form.elements[name].value);

  function say() {
    form.querySelector("[data-for='heading']").textContent = formatHeading(value("heading"));
    form.querySelector("[data-for='fov']").textContent = formatDegrees(value("fov"));
    form.querySelector("[data-for='height']").textContent = formatMetres(value("height"));
    form.querySelector("[data-for='range']").textContent = formatMetres(value("range"));
  }

  async function look() {
    say();
    if (!mark) return;
    const mine = ++turn;
    const { lat, lng } = mark.getLatLng();
    let answer;
    try {
      answer = await cameraView({ lon: lng, lat, heading_deg: value("heading"), fov_deg: value("fov"), height_m: value("height"), range_m: value("range"), model: form.elements.model.value || null });
    } catch (error) {
      if (mine === turn) clear(body).append(el("p", { class: "empty-state", text: error.message }));
      return;
    }
    if (mine !== turn) return;
    group.clearLayers();
    clear(body);
    for (const feature of answer.features) {
      const { level, area_m2: area } = feature.properties;
      const colour = COLOURS[level] ?? "#ffffff";
      if (feature.geometry.coordinates.length) {
        L.geoJSON(feature.geometry, { renderer, interactive: false, style: () => ({ renderer, color: colour, weight: level === "visible" ? 2 : 1, fillColor: colour, fillOpacity: level === "visible" ? 0.12 : 0.22, interactive: false }) }).addTo(group);
      }
      body.append(el("div", { class: "field" },
        el("dt", {}, el("span", { class: `level-key is-${level}` }), t(`level_${level}`)),
        el("dd", { text: `${formatNumber(area)} m²` })));
    }
  }

  const follow = debounce(look, 40);
  form.addEventListener("input", follow);
  form.addEventListener("submit", (event) => event.preventDefault());
  say();

  return {
    placed: () => Boolean(mark),
    put(latlng) {
      if (mark) mark.setLatLng(latlng);
      else {
        mark = placeMark(L, map, latlng, look);
        mark.on("drag", follow);
      }
      look();
    },
    clear() {
      turn += 1;
      mark?.remove();
      mark = null;
      group.clearLayers();
      clear(body);
    },
  };
}
