// The map beside a geometry in the administration forms: our own base map, points by click, keyboard or numbers.

import { createBasemap } from "./basemap.js";

const COLOUR = "#0b5cad";

function read(field) {
  try {
    return field.value ? JSON.parse(field.value) : null;
  } catch {
    return null;
  }
}

function start(box) {
  const { L } = globalThis;
  const { dataset } = box;
  const field = document.getElementById(dataset.field);
  const canvas = box.querySelector(".geometry-map__canvas");
  const numbers = box.querySelector(".geometry-map__numbers");
  const isPoint = dataset.kind === "point";
  const [west, south, east, north] = JSON.parse(dataset.bounds);
  const map = L.map(canvas, { attributionControl: false, zoomControl: false, maxZoom: 20 });
  L.control.zoom({ zoomInTitle: dataset.zoomIn, zoomOutTitle: dataset.zoomOut }).addTo(map);
  map.fitBounds([[south, west], [north, east]]);
  createBasemap(L, { url: "/tiles/basemap/{z}/{x}/{y}.mvt", maxTileZoom: Number(dataset.maxTileZoom) }).addTo(map);
  const shape = L.geoJSON(null, {
    style: { color: COLOUR, weight: 3, fillOpacity: 0.12 },
    pointToLayer: (_feature, place) => L.circleMarker(place, { radius: 8, color: COLOUR, weight: 3 }),
  }).addTo(map);

  function draw({ fit = false } = {}) {
    shape.clearLayers();
    const geometry = read(field);
    if (!geometry) return;
    try {
      shape.addData(geometry);
    } catch {
      return; // Half-typed coordinates are not drawn; the form says what is wrong when it is saved.
    }
    if (isPoint && geometry.coordinates) {
      [numbers.querySelector("[data-axis='lon']").value, numbers.querySelector("[data-axis='lat']").value] = geometry.coordinates;
    }
    const bounds = shape.getBounds();
    if (fit && bounds.isValid()) map.fitBounds(bounds, { maxZoom: 17, animate: false });
  }

  function place(latlng) {
    const { lng, lat } = latlng.wrap();
    field.value = JSON.stringify({ type: "Point", coordinates: [Number(lng.toFixed(7)), Number(lat.toFixed(7))] });
    draw();
  }

  draw({ fit: true });
  field.addEventListener("input", () => draw());
  if (!isPoint) return;
  box.querySelector(".geometry-map__text").hidden = true;
  numbers.hidden = false;
  numbers.addEventListener("input", () => {
    const [lon, lat] = ["lon", "lat"].map((axis) => numbers.querySelector(`[data-axis='${axis}']`).value);
    if (lon === "" || lat === "") return;
    field.value = JSON.stringify({ type: "Point", coordinates: [Number(lon), Number(lat)] });
    shape.clearLayers();
    shape.addData(read(field));
    map.panInside(shape.getBounds().getCenter());
  });
  map.on("click", ({ latlng }) => place(latlng));
  canvas.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== canvas) return;
    event.preventDefault(); // Enter would send the form.
    place(map.getCenter());
  });
}

document.querySelectorAll(".geometry-map").forEach(start);
