// Where a unit was: its track of a chosen interval on the map, and a slider that moves along it in time.

import { unitTrack } from "../api_dispatch.js";
import { clear, el } from "../dom.js";
import { formatInteger, formatNumber, formatTime } from "../format.js";
import { t } from "../text.js";
import { refusalWords } from "./refusals.js";

const HOUR_MS = 3_600_000;
const PLAY_STEPS = 240;
const two = (n) => String(n).padStart(2, "0");
const local = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;

// Points of the answer in order of time: [{at (ms), lon, lat, speed}]; `first` where the line was broken before it.
export function pointsOf(answer) {
  return answer.features.flatMap(({ geometry, properties }) => {
    const places = geometry.type === "Point" ? [geometry.coordinates] : geometry.coordinates;
    return places.map(([lon, lat], at) => ({ at: Date.parse(properties.times[at]), lon, lat, speed: properties.speeds_kph[at], first: at === 0 }));
  });
}

// The last point at or before a moment.
export function pointAt(points, at) {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (points[middle].at <= at) low = middle;
    else high = middle - 1;
  }
  return points[low] ?? null;
}

export function createTrackReplay(node, { scene }, board) {
  const { L, map } = scene;
  const form = node.querySelector("form");
  const said = node.querySelector("[data-track-said]");
  const player = node.querySelector("[data-track-player]");
  const slider = player.querySelector("input[type='range']");
  const play = player.querySelector("[data-track-play]");
  const drawing = L.layerGroup().addTo(map);
  const renderer = L.svg();
  const { unit, from, to } = form.elements;
  let points = [];
  let dot = null;
  let timer = 0;
  let turn = 0;

  function fill() {
    const kept = unit.value;
    const names = board.state.units.map((one) => `${one.id} ${one.callsign}`).join();
    if (names === unit.dataset.names) return;
    unit.dataset.names = names;
    clear(unit).append(...[...board.state.units].sort((a, b) => a.callsign.localeCompare(b.callsign, undefined, { numeric: true })).map((one) => el("option", { value: String(one.id), text: one.callsign })));
    if (kept) unit.value = kept;
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.setAttribute("aria-pressed", "false");
  }

  function wipe() {
    stop();
    turn += 1;
    drawing.clearLayers();
    points = [];
    dot = null;
    player.hidden = true;
    said.textContent = "";
  }

  // The slider runs in seconds since the first point.
  function show() {
    const point = pointAt(points, points[0].at + Number(slider.value) * 1000);
    const words = [formatTime(point.at), point.speed === null || point.speed === undefined ? "" : `${formatNumber(point.speed)} km/h`].filter(Boolean).join(" · ");
    player.querySelector("[data-track-now]").textContent = words;
    slider.setAttribute("aria-valuetext", words);
    dot?.setLatLng([point.lat, point.lon]);
  }

  function draw() {
    drawing.clearLayers();
    let part = [];
    const parts = [];
    for (const point of points) {
      if (point.first) parts.push((part = []));
      part.push([point.lat, point.lon]);
    }
    for (const line of parts) {
      L.polyline(line, { renderer, color: "#0b1015", weight: 7, opacity: 0.7, interactive: false }).addTo(drawing);
      L.polyline(line, { renderer, color: "#f5b841", weight: 4, interactive: false }).addTo(drawing);
    }
    dot = L.circleMarker([points[0].lat, points[0].lon], { renderer, radius: 9, color: "#0b1015", weight: 2, fillColor: "#f5b841", fillOpacity: 1, interactive: false }).addTo(drawing);
    map.fitBounds(L.latLngBounds(points.map((point) => [point.lat, point.lon])), { padding: [50, 50], maxZoom: 17 });
  }

  async function ask() {
    wipe();
    const mine = turn;
    said.textContent = t("Asking for the track…");
    try {
      let next = new Date(from.value).toISOString();
      const until = new Date(to.value).toISOString();
      const found = [];
      // A long interval comes in pieces.
      while (next && found.length < 200_000) {
        const answer = await unitTrack(unit.value, { from: next, to: until });
        if (mine !== turn) return;
        found.push(...pointsOf(answer));
        next = answer.next;
      }
      points = found;
    } catch (error) {
      if (mine === turn) said.textContent = refusalWords(error);
      return;
    }
    if (!points.length) {
      said.textContent = t("No position is kept from this time.");
      return;
    }
    said.textContent = t("{n} points. Who looked at which track is written down.", { n: formatInteger(points.length) });
    slider.max = String(Math.max(1, Math.round((points.at(-1).at - points[0].at) / 1000)));
    slider.value = "0";
    player.hidden = false;
    draw();
    show();
    slider.focus();
  }

  function reset() {
    const now = new Date();
    to.value = local(now);
    from.value = local(new Date(now - HOUR_MS));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (from.value && to.value && unit.value) ask();
  });
  slider.addEventListener("input", show);
  play.addEventListener("click", () => {
    if (timer) {
      stop();
      return;
    }
    play.setAttribute("aria-pressed", "true");
    if (Number(slider.value) >= Number(slider.max)) slider.value = "0";
    timer = setInterval(() => {
      slider.value = String(Number(slider.value) + Number(slider.max) / PLAY_STEPS);
      show();
      if (Number(slider.value) >= Number(slider.max)) stop();
    }, 100);
  });
  node.querySelector("[data-track-clear]").addEventListener("click", wipe);
  node.addEventListener("toggle", () => {
    if (!node.open) {
      wipe();
      return;
    }
    fill();
    if (!from.value) reset();
  });
  board.onChange(() => node.open && fill());
  reset();

  return {
    // Opens the part with a unit chosen; the last hour unless an interval was filled in.
    open(chosen) {
      node.open = true;
      fill();
      if (chosen) unit.value = String(chosen.id);
      unit.focus();
    },
  };
}
