// A place that is no incident: who gets there soonest, how far one gets, which cameras see it.

import { createPointView } from "../point_view.js";
import { createReach } from "../reach.js";
import { createUnitRanking } from "../unit_ranking.js";

export function createPlaceTools(cityMap, { onCall, coverage }) {
  let place = null;
  const ranking = createUnitRanking(document.getElementById("ranking"), cityMap, { onMoved: (latlng) => ask({ lon: latlng.lng, lat: latlng.lat }) });
  const seenNode = document.getElementById("seen-by");
  const seen = coverage && seenNode ? createPointView(seenNode, cityMap, { marked: false }) : null;
  const reach = createReach(document.getElementById("reach"), cityMap);
  const call = document.querySelector("[data-place-call]");

  function ask(next) {
    place = next;
    if (call) call.disabled = false;
    ranking.ask(place);
    seen?.ask({ lat: place.lat, lng: place.lon });
    reach.move(place);
  }
  for (const choice of document.querySelectorAll("input[name='unit-kind']")) {
    choice.addEventListener("change", () => {
      ranking.setKind(choice.value);
      if (place) ranking.ask(place);
    });
  }
  call?.addEventListener("click", () => place && onCall(place));

  return {
    ask,
    refresh: () => place && ranking.refresh(),
    clear() {
      if (!place) return false;
      place = null;
      if (call) call.disabled = true;
      ranking.clear();
      seen?.clear();
      reach.clear();
      return true;
    },
    get place() {
      return place;
    },
  };
}
