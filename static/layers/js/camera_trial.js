// A camera to try out: put it down, turn it, change its lens; its view follows the hand.

import { cameraView } from "./api_coverage.js";
import { button, clear, el } from "./dom.js";
import { formatDegrees, formatHeading, formatMetres, formatNumber } from "./format.js";
import { placeMark } from "./city_map.js";
import { t } from "./text.js";

const COLOURS = { visible: "#7fb0ff", monitor: "#9fd8ff", detect: "#53d3c5", observe: "#f5d76e", recognise: "#f5a341", identify: "#ff7a70" };

export function createCameraTrial(node, { scene, details }) {
  const { L, map } = scene;
  const form = node.querySelector("form");
  const body = node.querySelector("[data-trial]");
  const group = L.layerGroup().addTo(map);
  const renderer = L.svg();
  // What a real camera has and no slider shows; nothing for one made up.
  let given = {};
  let mark = null;
  let turn = 0;
  let asking = false;
  let moved = false;

  const value = (name) => Number(form.elements[name].value);

  function say() {
    form.querySelector("[data-for='heading']").textContent = formatHeading(value("heading"));
    form.querySelector("[data-for='fov']").textContent = formatDegrees(value("fov"));
    form.querySelector("[data-for='height']").textContent = formatMetres(value("height"));
    form.querySelector("[data-for='range']").textContent = formatMetres(value("range"));
  }

  function camera() {
    const { lat, lng } = mark.getLatLng();
    return { ...given, lon: lng, lat, heading_deg: value("heading"), fov_deg: value("fov"), height_m: value("height"), range_m: value("range"), model: form.elements.model.value || null };
  }

  function draw(answer) {
    group.clearLayers();
    clear(body);
    // What a PTZ could turn to is drawn as an outline only, and never added to what it watches.
    for (const feature of answer.reachable.filter(({ properties }) => properties.level === "visible")) {
      L.geoJSON(feature.geometry, { renderer, interactive: false, style: () => ({ renderer, color: COLOURS.visible, weight: 1, dashArray: "4 4", fill: false, interactive: false }) }).addTo(group);
    }
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

  // One question at a time; what moved meanwhile is asked at once when the answer is there.
  async function follow() {
    say();
    if (!mark) return;
    if (asking) {
      moved = true;
      return;
    }
    asking = true;
    try {
      do {
        moved = false;
        const mine = turn;
        try {
          const answer = await cameraView(camera());
          if (mine === turn && mark) draw(answer);
        } catch (error) {
          if (mine === turn && mark) clear(body).append(el("p", { class: "empty-state", text: error.message }));
        }
      } while (moved && mark);
    } finally {
      asking = false;
    }
  }

  function put(latlng) {
    if (mark) mark.setLatLng(latlng);
    else {
      mark = placeMark(L, map, latlng, follow);
      mark.on("drag", follow);
    }
    follow();
  }

  // The trial begins with what the camera's record says; what it leaves open stays as it is.
  function startFrom(detail) {
    const of = Object.fromEntries(detail.fields.map((field) => [field.key, field.value]));
    const take = (name, number) => {
      if (number !== undefined && number !== null) form.elements[name].value = String(number);
    };
    take("heading", of.heading_deg);
    take("fov", of.fov_deg ?? (of.kind === "multi" ? 360 : undefined));
    take("height", of.mount_height_m);
    take("range", of.max_range_m);
    const models = [...form.elements.model.options].map((option) => option.value);
    form.elements.model.value = models.includes(of.model_name) ? of.model_name : "";
    given = { kind: of.kind ?? null, tilt_deg: of.tilt_deg ?? null };
    const [lng, lat] = detail.geometry.coordinates;
    document.querySelector("[role='tab'][data-tab='point']")?.click();
    put({ lat, lng });
    const choice = document.querySelector("input[name='click-mode'][value='trial']");
    if (!choice.checked) {
      choice.checked = true;
      choice.dispatchEvent(new Event("change", { bubbles: true }));
    }
    details.close();
    form.elements.heading.focus();
  }

  details.addAction((detail) =>
    detail.layer === "cctv" && detail.geometry.type === "Point"
      ? button(t("Try another heading or lens"), { class: "button", onclick: () => startFrom(detail) })
      : null,
  );
  form.addEventListener("input", follow);
  form.addEventListener("submit", (event) => event.preventDefault());
  say();

  return {
    placed: () => Boolean(mark),
    put(latlng) {
      given = {};
      put(latlng);
    },
    clear() {
      turn += 1;
      given = {};
      mark?.remove();
      mark = null;
      group.clearLayers();
      clear(body);
    },
  };
}
