// The citizen's report: the place by position or by a touch on the map.

import { mapReady } from "./composition.js";
import { placeMark } from "./city_map.js";
import { t } from "./text.js";
import "./shell.js";

const form = document.getElementById("report-form");
const said = document.getElementById("report-place");
const { L, map } = await mapReady;
let mark = null;

function choose(latlng, words) {
  form.elements.lon.value = latlng.lng.toFixed(6);
  form.elements.lat.value = latlng.lat.toFixed(6);
  said.textContent = words;
  if (mark) mark.setLatLng(latlng);
  else mark = placeMark(L, map, latlng, (moved) => choose(moved, t("Place chosen. Drag the mark to correct it.")));
}

map.on("click", ({ latlng }) => choose(latlng, t("Place chosen. Drag the mark to correct it.")));

const here = document.getElementById("report-here");
here.addEventListener("click", () => {
  const failed = () => {
    said.textContent = t("Your position is not to be had. Touch the map at the place.");
  };
  if (!navigator.geolocation) {
    failed();
    return;
  }
  said.textContent = t("Looking for your position …");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      const latlng = L.latLng(coords.latitude, coords.longitude);
      map.setView(latlng, 17);
      choose(latlng, t("Your position is known to about {n} m. Drag the mark to correct it.", { n: Math.round(coords.accuracy) }));
    },
    failed,
    { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 },
  );
});

// A form that came back keeps its place.
if (form.elements.lon.value && form.elements.lat.value) {
  const latlng = L.latLng(Number(form.elements.lat.value), Number(form.elements.lon.value));
  map.setView(latlng, 17);
  choose(latlng, t("Place chosen. Drag the mark to correct it."));
}
document.documentElement.dataset.ready = "report";
