// A place by address, landmark, intersection, coordinates or a click: searched as one types.

import { searchPlaces } from "../api.js";
import { el } from "../dom.js";
import { formatLonLat } from "../format.js";
import { t } from "../text.js";
import { createCombo } from "./combo.js";

// How the server names the way a place was found.
const SOURCE = { coordinates: "coordinates", address: "address", intersection: "intersection", street: "address", place: "landmark", feature: "landmark", area: "landmark" };
// Metres within which a place found in this way is true, as a rule.
const ACCURACY_M = { coordinates: 10, address: 20, intersection: 25, place: 50, feature: 30, street: 300, area: 1500, click: 15 };

// `onPlace({lon, lat, label, accuracy_m})` when one is chosen; null when it is taken back.
export function createPlaceField({ near, onPlace }) {
  const input = el("input", { type: "text", name: "place_text", maxlength: 300, "aria-label": t("Place"), placeholder: t("Address, landmark, Ijen x Semeru, coordinates") });
  const found = el("p", { class: "place-found", "aria-live": "polite" });
  const node = el("div", { class: "place-field" }, input, found);
  let place = null;

  function show() {
    found.textContent = place ? `${formatLonLat(place.lon, place.lat)} · ± ${place.accuracy_m} m` : t("No point yet: choose a suggestion, or click the map.");
    found.dataset.kind = place ? "good" : "warn";
  }

  function set(next, { tell = true } = {}) {
    // As exact as the server keeps it: 7 decimals are a centimetre.
    place = next && { ...next, lon: Number(next.lon.toFixed(7)), lat: Number(next.lat.toFixed(7)) };
    show();
    if (tell) onPlace(place);
  }

  createCombo(input, {
    wait: 160,
    label: t("Results"),
    source: async (text) => {
      if (text.trim().length < 2) return [];
      try {
        const { results } = await searchPlaces(text, { near: near() });
        return results.map((one) => ({ ...one, detail: [one.kind_title, one.context].filter(Boolean).join(" · ") }));
      } catch {
        return [];
      }
    },
    onChoose: (one) => {
      input.value = one.label;
      set({ lon: one.lon, lat: one.lat, label: one.label, accuracy_m: ACCURACY_M[one.kind] ?? 50, source: SOURCE[one.kind] ?? "landmark" });
    },
  });
  // Typing on after a choice keeps the point: people add "in front of the gate".
  show();

  return {
    node,
    input,
    get place() {
      return place;
    },
    set(next, options) {
      set(next, options);
      if (next?.label && !input.value) input.value = next.label;
    },
    // A click on the map moves the point and leaves the words.
    click(lon, lat) {
      set({ lon, lat, label: "", accuracy_m: ACCURACY_M.click, source: "click" });
    },
    clear() {
      input.value = "";
      set(null);
    },
  };
}
