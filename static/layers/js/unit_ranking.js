// Units soonest first, with the way they drive, and the reason for every unit left out.

import { nearestUnits } from "./api_dispatch.js";
import { placeMark } from "./city_map.js";
import { clear, debounce, el } from "./dom.js";
import { formatDuration, formatInteger, formatLonLat, formatMetres } from "./format.js";
import { t } from "./text.js";

const COUNT = 10;

export function createUnitRanking(node, { scene }, { onMoved }) {
  const { L, map } = scene;
  const body = node.querySelector("[data-ranking]");
  const ways = L.layerGroup().addTo(map);
  const renderer = L.svg();
  let kind = "";
  let mark = null;
  let turn = 0;
  let chosen = null;
  let asked = null;

  function drawWays(units) {
    ways.clearLayers();
    const order = units.filter((unit) => unit.route?.coordinates?.length > 1);
    for (const unit of [...order].reverse()) {
      const strong = unit.callsign === (chosen ?? order[0]?.callsign);
      const line = unit.route.coordinates.map(([lon, lat]) => [lat, lon]);
      L.polyline(line, { renderer, color: "#0b1015", weight: strong ? 9 : 0, opacity: 0.8, interactive: false }).addTo(ways);
      if (strong) L.polyline(line, { renderer, color: "#53d3c5", weight: 5, opacity: 1, interactive: false }).addTo(ways);
    }
  }

  function ageOf(unit) {
    if (unit.from_station) return t("taken to be at its station");
    return unit.position_age_s === null ? t("position without a time") : t("position {age} old", { age: formatDuration(unit.position_age_s) });
  }

  function row(unit, place, units) {
    const time = unit.eta_s === null ? t("not by road") : formatDuration(unit.eta_s);
    const line = el("button", { type: "button", class: "rank-row", "aria-pressed": String(unit.callsign === (chosen ?? units[0].callsign)) },
      el("span", { class: "rank", text: String(place + 1) }),
      el("b", { class: "where", text: unit.callsign }),
      el("span", { class: "amount big", text: time }),
      el("span", { class: "under", text: unit.distance_m === null ? t("{straight} straight", { straight: formatMetres(unit.straight_m) }) : t("{road} by road, {straight} straight", { road: formatMetres(unit.distance_m), straight: formatMetres(unit.straight_m) }) }),
      el("span", { class: "under", text: [t(`kind_${unit.kind}`), unit.station, ageOf(unit)].filter(Boolean).join(" · ") }),
    );
    line.addEventListener("click", () => {
      chosen = unit.callsign;
      for (const other of body.querySelectorAll(".rank-row")) other.setAttribute("aria-pressed", String(other === line));
      drawWays(units);
      if (unit.route?.coordinates?.length > 1) map.fitBounds(L.polyline(unit.route.coordinates.map(([lon, lat]) => [lat, lon])).getBounds(), { padding: [50, 50], maxZoom: 17 });
    });
    return el("li", {}, line);
  }

  function show(answer, place) {
    clear(body);
    if (place.label) body.append(el("p", {}, el("b", { text: place.label })));
    body.append(el("p", { class: "console-note mono", text: formatLonLat(place.lon, place.lat) }));
    if (answer.snapped) body.append(el("p", { class: "console-note", text: t("{distance} to the road", { distance: formatMetres(answer.snapped.distance_m) }) }));
    if (!answer.by_road) body.append(el("p", { class: "banner", dataset: { kind: "warn" }, text: t("Straight-line order: the routing graph is not ready. Times are not known.") }));
    else if (!answer.graph_current) body.append(el("p", { class: "banner", dataset: { kind: "warn" }, text: t("The road network changed; the graph before the change is in use.") }));
    if (answer.units.length) body.append(el("ol", { class: "rank-list" }, answer.units.map((unit, at) => row(unit, at, answer.units))));
    else body.append(el("p", { class: "empty-state", text: t("No unit can be sent.") }));
    const out = answer.excluded;
    if (out.length) {
      body.append(el("details", { open: answer.units.length === 0 },
        el("summary", { text: t("{n} units left out, and why", { n: formatInteger(out.length) }) }),
        el("ul", { class: "left-out" }, out.map((item) => el("li", {}, el("span", { text: item.callsign }), el("span", { text: t(`reason_${item.reason}`) })))),
      ));
    }
    drawWays(answer.units);
  }

  async function ask(place, { keep = false } = {}) {
    const mine = ++turn;
    asked = place;
    if (!keep) chosen = null;
    if (mark) mark.setLatLng([place.lat, place.lon]);
    else mark = placeMark(L, map, [place.lat, place.lon], onMoved);
    body.setAttribute("aria-busy", "true");
    try {
      const answer = await nearestUnits({ lon: place.lon, lat: place.lat, kind, count: COUNT });
      if (mine === turn) show(answer, place);
    } catch (error) {
      if (mine === turn) {
        ways.clearLayers();
        clear(body).append(el("p", { class: "banner", dataset: { kind: "bad" }, text: error.message }));
      }
    } finally {
      if (mine === turn) body.removeAttribute("aria-busy");
    }
  }

  return {
    ask,
    // What is asked for by then: a click in between is not taken back.
    refresh: debounce(() => asked && ask(asked, { keep: true }), 400),
    setKind(next) {
      kind = next;
    },
    clear() {
      turn += 1;
      asked = null;
      mark?.remove();
      mark = null;
      ways.clearLayers();
      clear(body).append(el("p", { class: "console-note", text: t("Click the map, search for an address, or choose an incident.") }));
    },
  };
}
