// Draws the plan that stands in the page. Names are text, never markup; nothing is fetched.
"use strict";

function nccDrawPlan(plan) {
  const { L } = window;
  const words = plan.words;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const make = (tag, text, className) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (className) node.className = className;
    return node;
  };
  const [west, south, east, north] = plan.bounds;
  const map = L.map("map", { preferCanvas: true, attributionControl: false, zoomSnap: 0.5, maxZoom: 20 });
  map.fitBounds([[south, west], [north, east]]);
  L.control.scale({ imperial: false }).addTo(map);
  const widths = [7, 6, 5, 3.5, 2];
  for (const edge of [true, false]) {
    for (const street of plan.streets) {
      L.polyline(street.shape, { interactive: false, color: colour(edge ? "--street-edge" : "--street"), weight: widths[street.rank] / (edge ? 1 : 1.5) }).addTo(map);
    }
  }
  for (const area of plan.outlines) {
    const big = area.level === "kecamatan";
    L.polygon(area.shape, { interactive: false, fill: false, color: colour("--soft"), weight: big ? 2 : 0.8, dashArray: big ? null : "4 4" }).addTo(map);
  }
  const views = L.layerGroup().addTo(map);
  const badges = new Map();
  for (const site of plan.sites) {
    for (const region of site.views) L.polygon(region, { interactive: false, stroke: false, fillColor: colour("--accent"), fillOpacity: 0.22 }).addTo(views);
  }
  const turnedMarks = L.layerGroup().addTo(map);
  // Where a camera looks: a ray from its place, bearing from true north.
  function ray(row, bearing, options) {
    const angle = (bearing * Math.PI) / 180;
    const north = (45 * Math.cos(angle)) / 111320;
    const east = (45 * Math.sin(angle)) / (111320 * Math.cos((row.lat * Math.PI) / 180));
    L.polyline([[row.lat, row.lon], [row.lat + north, row.lon + east]], { interactive: false, ...options }).addTo(turnedMarks);
  }
  for (const row of plan.turned) {
    ray(row, row.from, { color: colour("--soft"), weight: 3, dashArray: "4 5" });
    if (row.standing) ray(row, row.to, { color: colour("--turned"), weight: 4 });
    L.circleMarker([row.lat, row.lon], { radius: 6, color: colour("--ink"), weight: 2, fillColor: colour("--turned"), fillOpacity: 1 }).on("click", () => showTurned(row)).addTo(turnedMarks);
  }
  const side = document.getElementById("side");

  function badge(site) {
    return make("span", String(site.order), site.standing ? "badge" : "badge is-out");
  }
  for (const site of plan.sites) {
    const icon = L.divIcon({ className: "", html: "", iconSize: [24, 24] });
    const marker = L.marker([site.lat, site.lon], { icon, title: `${site.order} ${site.title}`, keyboard: true });
    marker.on("add", () => marker.getElement().replaceChildren(badge(site)));
    marker.on("click", () => show(site));
    marker.on("keypress", (event) => event.originalEvent.key === "Enter" && show(site));
    badges.set(site.order, marker.addTo(map));
  }

  function choose(order) {
    for (const [number, marker] of badges) marker.getElement().firstChild.classList.toggle("is-chosen", number === order);
  }

  function list(pairs) {
    const node = make("dl");
    for (const [name, value] of pairs) {
      if (value === "" || value === null) continue;
      const row = make("div");
      row.append(make("dt", name), make("dd", value));
      node.append(row);
    }
    return node;
  }

  function show(site) {
    choose(site.order);
    map.setView([site.lat, site.lon], Math.max(map.getZoom(), 17));
    const back = make("button", words.back, "back");
    back.addEventListener("click", overview);
    side.replaceChildren(back, make("h2", `${site.order}. ${site.title}`), list(site.fields));
  }

  function showTurned(row) {
    choose(0);
    map.setView([row.lat, row.lon], Math.max(map.getZoom(), 17));
    const back = make("button", words.back, "back");
    back.addEventListener("click", overview);
    side.replaceChildren(back, make("h2", `↻ ${row.code}`), list(row.fields));
  }

  function turnedList() {
    const rows = make("ol");
    for (const row of plan.turned) {
      const face = make("button");
      const name = make("span", row.code);
      name.append(make("small", `${Math.round(row.from)}° → ${Math.round(row.to)}°`));
      const gain = row.fields.find(([label]) => label === words.gain);
      face.append(make("span", "↻", row.standing ? "" : "is-out"), name, make("span", gain[1]));
      face.addEventListener("click", () => showTurned(row));
      const item = make("li");
      item.append(face);
      rows.append(item);
    }
    return plan.turned.length ? [make("h2", words.turned), rows] : [];
  }

  function overview() {
    choose(0);
    const rows = make("ol");
    for (const site of plan.sites) {
      const row = make("button");
      const name = make("span", site.title);
      name.append(make("small", site.area));
      const gain = site.fields.find(([label]) => label === words.gain);
      row.append(badge(site), name, make("span", gain ? gain[1] : ""));
      row.addEventListener("click", () => show(site));
      const item = make("li");
      item.append(row);
      rows.append(item);
    }
    side.replaceChildren(
      make("h1", plan.name),
      make("p", `${plan.state} · ${words.made.replace("{time}", plan.made)}`),
      list([...plan.facts, ["", words.gap]]),
      make("p", words.assumed),
      make("p", words.offline),
      ...turnedList(),
      make("h2", words.sites),
      rows,
    );
  }
  overview();
}
