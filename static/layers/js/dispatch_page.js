// The dispatch console: a place, who gets there soonest by road, why others are left out, who sees it.

import { startCityMap } from "./city_map.js";
import { onEvent } from "./events.js";
import { createIncidentQueue } from "./incident_queue.js";
import { createPointView } from "./point_view.js";
import { createReach } from "./reach.js";
import { createUnitRanking } from "./unit_ranking.js";

let place = null;
const console_ = await startCityMap({
  onClick: (latlng, best) => {
    if (best && ["active_incidents", "incidents"].includes(best.layer) && best.id) console_.select(best);
    ask({ lon: latlng.lng, lat: latlng.lat });
    return true;
  },
  onPlace: (result) => {
    ask({ lon: result.lon, lat: result.lat, label: result.label });
    return true;
  },
});
const ranking = createUnitRanking(document.getElementById("ranking"), console_, { onMoved: (latlng) => ask({ lon: latlng.lng, lat: latlng.lat }) });
const seen = createPointView(document.getElementById("seen-by"), console_, { marked: false });
const reach = createReach(document.getElementById("reach"), console_);
const queue = createIncidentQueue(document.getElementById("queue"), console_, {
  onChoose: (incident) => {
    console_.moveTo({ type: "Point", coordinates: [incident.lon, incident.lat] }, 16);
    ask({ lon: incident.lon, lat: incident.lat, label: incident.label });
  },
});

function ask(next) {
  place = next;
  ranking.ask(place);
  seen.ask({ lat: place.lat, lng: place.lon });
  reach.move(place);
}

for (const choice of document.querySelectorAll("input[name='unit-kind']")) {
  choice.addEventListener("change", () => {
    ranking.setKind(choice.value);
    if (place) ranking.ask(place);
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && place) {
    place = null;
    ranking.clear();
    seen.clear();
    reach.clear();
  }
});
onEvent("*", (event) => {
  if (["units", "closures", "roads"].includes(event.layer) && place) ranking.refresh(place);
  if (event.layer === "incidents" || event.kind === "reset") queue.load();
});
await queue.load();
document.documentElement.dataset.ready = "dispatch";
