// The map beside a geometry in the administration forms: shows it, and sets points by a click.
"use strict";
(function () {
  function read(field) {
    try {
      return field.value ? JSON.parse(field.value) : null;
    } catch {
      return null;
    }
  }

  function start(box) {
    const field = document.getElementById(box.dataset.field);
    const isPoint = box.dataset.kind === "point";
    const map = L.map(box.querySelector(".geometry-map__canvas"), { attributionControl: false });
    const shape = L.geoJSON(null, {
      pointToLayer: (_feature, place) => L.circleMarker(place, { radius: 8, color: "#0b5cad", weight: 3 }),
    }).addTo(map);
    function draw(fit) {
      const geometry = read(field);
      shape.clearLayers();
      if (geometry) {
        shape.addData(geometry);
        if (fit) {
          map.fitBounds(shape.getBounds(), { maxZoom: 17 });
        }
      } else if (fit) {
        map.setView([-7.98, 112.63], 12);
      }
    }
    draw(true);
    field.addEventListener("input", () => draw(false));
    if (isPoint) {
      map.on("click", (event) => {
        const lon = Number(event.latlng.lng.toFixed(7));
        const lat = Number(event.latlng.lat.toFixed(7));
        field.value = JSON.stringify({ type: "Point", coordinates: [lon, lat] });
        draw(false);
      });
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".geometry-map").forEach(start);
  });
})();
