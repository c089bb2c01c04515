// The dispatch map: numbers on incidents, the chosen one, ways and sight lines; it moves only when it may.

import { clear, el } from "../dom.js";
import { placeMark } from "../city_map.js";
import { currentTheme, onThemeChange } from "../theme.js";
import { t } from "../text.js";
import { lateness, onSecond } from "./clock.js";
import { shortNumber } from "./board.js";

const COLOURS = { dark: { way: "#53d3c5", soft: "#7fb0ff", edge: "#0b1015", sight: "#f5b841", ring: "#ffe08a" }, light: { way: "#0a7468", soft: "#1d55b5", edge: "#ffffff", sight: "#8a5a00", ring: "#8a2be2" } };
const CLOSE_ZOOM = 16;

export function createSceneMap({ scene }, board, { onFollow = () => {} } = {}) {
  const { L, map } = scene;
  const pane = map.createPane("dispatch");
  pane.style.zIndex = 450;
  pane.style.pointerEvents = "none";
  // Words lie over every symbol, ways under them.
  const words = map.createPane("dispatch-words");
  words.style.zIndex = 640;
  words.style.pointerEvents = "none";
  const renderer = L.svg({ pane: "dispatch", padding: 0.4 });
  const marks = L.layerGroup().addTo(map);
  const ring = L.layerGroup().addTo(map);
  const ways = L.layerGroup().addTo(map);
  const sights = L.layerGroup().addTo(map);
  const labels = new Map();
  let chosen = null;
  let routes = [];
  let cameras = [];
  let held = false;
  let known = "";
  let place = null;
  let arriving = false;

  // The map's column changes its size without the window doing so.
  new ResizeObserver(() => {
    const before = map.getSize();
    map.invalidateSize({ animate: false });
    const now = map.getSize();
    if (!held && !chosen && Math.abs(before.x - now.x) + Math.abs(before.y - now.y) > 80) fit(false);
  }).observe(map.getContainer());

  const colours = () => COLOURS[currentTheme()];

  function setHeld(next) {
    if (held === next) return;
    held = next;
    onFollow(!held);
  }
  // A hand: dragging, the wheel, two fingers, the map's own keys and buttons. Nothing else holds the map.
  const hold = () => setHeld(true);
  const canvas = map.getContainer();
  map.on("dragstart", hold);
  canvas.addEventListener("wheel", hold, { passive: true });
  canvas.addEventListener("dblclick", hold);
  canvas.addEventListener("touchmove", (event) => event.touches.length > 1 && hold(), { passive: true });
  canvas.addEventListener("keydown", (event) => /^(Arrow|[+=-]$)/.test(event.key) && hold());
  canvas.addEventListener("click", (event) => event.target.closest(".leaflet-control-zoom") && hold());

  function fit(animate = true) {
    const points = board.state.incidents.map((row) => [row.lat, row.lon]);
    if (!points.length) return;
    map.fitBounds(L.latLngBounds(points), { padding: [70, 70], maxZoom: 15, animate });
  }

  function label(row) {
    const text = shortNumber(row.number);
    const late = lateness(row);
    const made = labels.get(row.id);
    if (made) {
      if (made.lat !== row.lat || made.lon !== row.lon) made.marker.setLatLng([row.lat, row.lon]);
      Object.assign(made, { lat: row.lat, lon: row.lon });
      made.face.dataset.late = late;
      made.face.dataset.chosen = String(row.id === chosen?.id);
      return;
    }
    const face = el("span", { class: "map-number", dataset: { late, chosen: String(row.id === chosen?.id) }, text });
    const icon = L.divIcon({ className: "map-number-box", iconSize: [0, 0], html: "" });
    const marker = L.marker([row.lat, row.lon], { icon, interactive: false, keyboard: false, pane: "dispatch-words" });
    marker.on("add", () => marker.getElement().replaceChildren(face));
    marker.addTo(marks);
    labels.set(row.id, { marker, face, lat: row.lat, lon: row.lon });
  }

  function drawMarks() {
    const now = new Set(board.state.incidents.map((row) => row.id));
    for (const [id, { marker }] of labels) {
      if (now.has(id)) continue;
      marker.remove();
      labels.delete(id);
    }
    board.state.incidents.forEach(label);
  }

  function drawRing() {
    ring.clearLayers();
    if (!chosen) return;
    L.circleMarker([chosen.lat, chosen.lon], { renderer, radius: 19, color: colours().ring, weight: 3, fill: false, interactive: false }).addTo(ring);
    if (chosen.accuracy_m > 30) L.circle([chosen.lat, chosen.lon], { renderer, radius: chosen.accuracy_m, color: colours().ring, weight: 1, dashArray: "4 4", fillOpacity: 0.05, interactive: false }).addTo(ring);
  }

  function drawWays() {
    ways.clearLayers();
    const { way, soft, edge } = colours();
    for (const route of [...routes].reverse()) {
      if (!(route.coordinates?.length > 1)) continue;
      const line = route.coordinates.map(([lon, lat]) => [lat, lon]);
      L.polyline(line, { renderer, color: edge, weight: route.strong ? 9 : 6, opacity: 0.75, interactive: false }).addTo(ways);
      L.polyline(line, { renderer, color: route.strong ? way : soft, weight: route.strong ? 5 : 3, dashArray: route.going ? null : "8 6", interactive: false }).addTo(ways);
      if (!route.words) continue;
      const face = el("span", { class: "map-way", text: route.words });
      const marker = L.marker(line[0], { icon: L.divIcon({ className: "map-number-box", iconSize: [0, 0], html: "" }), interactive: false, keyboard: false, pane: "dispatch-words" });
      marker.on("add", () => marker.getElement().replaceChildren(face));
      marker.addTo(ways);
    }
  }

  function drawSights() {
    sights.clearLayers();
    if (!chosen) return;
    for (const camera of cameras.slice(0, 5)) L.polyline([[camera.lat, camera.lon], [chosen.lat, chosen.lon]], { renderer, color: colours().sight, weight: 1.5, dashArray: camera.now ? null : "3 5", opacity: 0.85, interactive: false }).addTo(sights);
  }

  function drawAll() {
    drawRing();
    drawWays();
    drawSights();
  }
  onThemeChange(drawAll);
  onSecond(() => board.state.incidents.forEach((row) => labels.has(row.id) && (labels.get(row.id).face.dataset.late = lateness(row))));

  board.onChange((state) => {
    drawMarks();
    const now = state.incidents.map((row) => row.id).sort((a, b) => a - b).join();
    if (now !== known) {
      const first = known === "";
      known = now;
      if (!held && (first || !chosen)) fit(!first);
    }
    if (chosen) {
      const row = board.incident(chosen.id);
      if (row && (row.lat !== chosen.lat || row.lon !== chosen.lon)) {
        chosen = row;
        drawAll();
      }
    }
  });

  return {
    fit,
    get held() {
      return held;
    },
    follow(on) {
      setHeld(!on);
      if (on) fit();
    },
    choose(row) {
      chosen = row;
      routes = [];
      cameras = [];
      arriving = Boolean(row);
      drawMarks();
      for (const [id, { face }] of labels) face.dataset.chosen = String(id === row?.id);
      drawAll();
      // Choosing one goes there, unless it is comfortably in view already.
      if (row && !map.getBounds().pad(-0.2).contains([row.lat, row.lon])) map.setView([row.lat, row.lon], Math.max(map.getZoom(), CLOSE_ZOOM));
    },
    goTo(lon, lat) {
      map.setView([lat, lon], Math.max(map.getZoom(), CLOSE_ZOOM));
    },
    showRoutes(next) {
      routes = next;
      drawWays();
      // The first ways of an incident that was just opened are brought into view, once.
      const points = routes.filter((route) => route.strong || route.going).flatMap((route) => route.coordinates ?? []);
      if (!arriving || !chosen || !points.length) return;
      arriving = false;
      if (!held) map.fitBounds(L.latLngBounds([...points.map(([lon, lat]) => [lat, lon]), [chosen.lat, chosen.lon]]), { padding: [60, 60], maxZoom: CLOSE_ZOOM });
    },
    showCameras(next) {
      cameras = next;
      drawSights();
    },
    // The point of the call being taken; a hand may drag it.
    showPlace(at, onMoved) {
      if (!at) {
        place?.remove();
        place = null;
      } else if (place) place.setLatLng([at.lat, at.lon]);
      else place = placeMark(L, map, [at.lat, at.lon], (latlng) => onMoved(latlng.lng, latlng.lat));
      if (at && !map.getBounds().pad(-0.1).contains([at.lat, at.lon])) map.setView([at.lat, at.lon], Math.max(map.getZoom(), CLOSE_ZOOM));
    },
  };
}

// The button that lets the map follow the incidents again after a hand moved it.
export function createFollow(node, sceneMap) {
  const draw = (following) => {
    node.setAttribute("aria-pressed", String(following));
    clear(node).append(el("span", { class: "shape", "aria-hidden": "true", text: following ? "◎" : "✋" }), el("span", { text: following ? t("Map follows the incidents") : t("Map held by hand") }));
  };
  node.addEventListener("click", () => sceneMap.follow(sceneMap.held));
  draw(true);
  return draw;
}
