// The unit's page on a phone: my job, the way there, and one thumb for the next step; it works in dead zones.

import { getJson } from "./api.js";
import { unitJob } from "./api_dispatch.js";
import { startCityMap } from "./city_map.js";
import { onSecond, tickCells } from "./dispatch/clock.js";
import { stepName } from "./dispatch/marks.js";
import { clear, el } from "./dom.js";
import { t } from "./text.js";
import { drawJob } from "./unit/job_card.js";
import { createUnsent } from "./unit/unsent.js";

const KEPT = "ncc-unit-job";
const POLL_MS = 6000;
const byId = (id) => document.getElementById(id);
const choices = JSON.parse(byId("unit-choices").textContent);
const page = document.querySelector(".unit-page");
const jobNode = byId("job");
const big = byId("steps");
const more = byId("more-steps");
const line = byId("unit-link");
const held = byId("unsent");

let job = null;
let answered = 0;
let lost = false;
let known = "";

function keep() {
  try {
    localStorage.setItem(KEPT, JSON.stringify(job));
  } catch {
    // The job then lives as long as the page.
  }
}

const unsent = createUnsent({ onChange: drawUnsent, onSent: () => !unsent.waiting.length && read() });

// Steps pressed and not sent yet are shown as taken, and said to be unsent.
function ahead() {
  if (!job?.assignment) return job;
  const steps = unsent.waiting.filter((one) => !one.refused && one.address.endsWith(`/assignments/${job.assignment.assignment}/step`));
  const last = steps.at(-1);
  if (!last) return job;
  if (["clear", "cancel"].includes(last.body.step)) return { ...job, incident: null, assignment: null, steps: [] };
  return { ...job, assignment: { ...job.assignment, step: last.body.step, since: last.body.at, unsent: true }, steps: choices.next[last.body.step] ?? [] };
}

function press(step) {
  const { assignment } = job;
  unsent.put(`/api/v1/assignments/${assignment.assignment}/step`, { step, at: new Date().toISOString() }, stepName(step));
  draw();
}

function setStatus(status, reason = "") {
  unsent.put(`/api/v1/units/${job.unit.id}/status`, { status: status.code, ...(reason ? { reason } : {}) }, status.name);
  draw();
}

function stepButton(step, primary) {
  return el("button", { type: "button", class: `thumb${primary ? " is-primary" : ""}`, dataset: { step }, onclick: () => press(step) }, el("span", { text: stepName(step) }));
}

function askReason(status) {
  const input = el("input", { type: "text", maxlength: 200, "aria-label": t("Reason"), placeholder: t("Reason") });
  const form = el("form", { class: "unit-reason-form" }, input, el("button", { class: "thumb is-primary" }, el("span", { text: status.name })), el("button", { type: "button", class: "thumb", onclick: draw }, el("span", { text: t("Cancel") })));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) setStatus(status, input.value.trim());
    else input.focus();
  });
  clear(big).append(form);
  input.focus();
}

function draw() {
  const now = ahead();
  byId("callsign").textContent = now?.unit?.callsign ?? "";
  byId("unit-state").textContent = now?.unit ? (document.documentElement.lang.startsWith("en") ? now.unit.status_name_en : "") || now.unit.status_name : "";
  drawJob(jobNode, now);
  page.dataset.job = String(Boolean(now?.incident));
  clear(big);
  clear(more.querySelector("span"));
  more.hidden = true;
  if (!now) return;
  if (now.incident) {
    const order = ["dispatched", "acknowledged", "en_route", "on_scene", "transport", "at_facility", "clear"];
    const steps = (now.steps ?? []).filter((step) => step !== "cancel");
    const carries = now.unit.kind === "ambulance";
    const first = (carries ? steps.find((step) => step === "transport") : steps.find((step) => step === "clear")) ?? order.find((step) => steps.includes(step)) ?? steps[0];
    if (first) big.append(stepButton(first, true));
    const others = steps.filter((step) => step !== first);
    big.append(...others.slice(0, 2).map((step) => stepButton(step, false)));
    more.hidden = others.length < 3;
    more.querySelector("span").append(...others.slice(2).map((step) => stepButton(step, false)));
  } else {
    big.append(...choices.statuses.map((status) => el("button", { type: "button", class: "thumb", "aria-pressed": String(now.unit.status === status.code), dataset: { status: status.code }, onclick: () => (status.needs_reason ? askReason(status) : setStatus(status)) }, el("span", { text: status.name }))));
  }
  drawMap(now);
}

function drawUnsent(entries) {
  held.hidden = !entries.length;
  clear(held.querySelector("ul")).append(...entries.map((one) => el("li", { dataset: { refused: String(Boolean(one.refused)) } },
    el("span", { class: "shape", "aria-hidden": "true", text: one.refused ? "◆" : "↻" }),
    el("span", { text: one.refused ? `${one.words}: ${one.refused}` : t("{what}: waits for the network", { what: one.words }) }),
    one.refused ? el("span", { class: "console-row" },
      one.override ? el("button", { type: "button", class: "button", text: t("Do it all the same"), onclick: () => unsent.again(one.key, { override: true, reason: t("confirmed by the crew") }) }) : null,
      el("button", { type: "button", class: "button", text: t("Let it go"), onclick: () => {
        unsent.drop(one.key);
        draw();
      } })) : null)));
  drawLine();
}

function drawLine() {
  const count = unsent?.waiting?.filter((one) => !one.refused).length ?? 0;
  line.dataset.link = lost ? "lost" : "live";
  line.querySelector("[data-shape]").textContent = lost ? "✕" : "●";
  line.querySelector("[data-words]").textContent = lost ? t("No network. Buttons work; they are sent later.") : count ? t("{n} not sent yet", { n: count }) : t("Connected");
}

async function read() {
  try {
    job = choices.unit ? await unitJob(choices.unit) : await getJson("/api/v1/units/mine/job");
    answered = Date.now();
    lost = false;
    keep();
    page.dataset.fault = "";
    byId("fault").hidden = true;
  } catch (error) {
    if (error.status && error.status < 500) {
      byId("fault").hidden = false;
      byId("fault").textContent = error.status === 404 ? t("Your account drives no unit. Ask the control room to bind it to your unit.") : error.message;
    } else lost = true;
  }
  draw();
  drawLine();
}

// The map: the incident and the way, redrawn only when the job is another.
let scene = null;
let drawing = null;
function drawMap(now) {
  if (!scene) return;
  const { L, map } = scene;
  const route = now?.route?.coordinates ?? null;
  const state = JSON.stringify([now?.incident?.id, now?.incident?.lon, now?.incident?.lat, route?.length, route?.[0]]);
  if (state === known) return;
  const other = !known.startsWith(`[${now?.incident?.id},`);
  known = state;
  drawing ??= L.layerGroup().addTo(map);
  drawing.clearLayers();
  if (!now?.incident) return;
  const renderer = L.svg();
  const goal = [now.incident.lat, now.incident.lon];
  if (route?.length > 1) {
    const way = route.map(([lon, lat]) => [lat, lon]);
    L.polyline(way, { renderer, color: "#0b1015", weight: 10, opacity: 0.8, interactive: false }).addTo(drawing);
    L.polyline(way, { renderer, color: "#53d3c5", weight: 6, interactive: false }).addTo(drawing);
    if (other) map.fitBounds(L.latLngBounds([...way, goal]), { padding: [40, 40], maxZoom: 17 });
  } else if (other) map.setView(goal, 16);
  L.circleMarker(goal, { renderer, radius: 14, color: "#ff5d73", weight: 4, fillColor: "#ff5d73", fillOpacity: 0.35, interactive: false }).addTo(drawing);
}

try {
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null");
  if (kept && (!choices.unit || kept.unit?.id === choices.unit)) job = kept;
} catch {
  // Nothing was kept.
}
draw();
unsent.start();
startCityMap({ onClick: () => true }).then((city) => {
  scene = city.scene;
  // The job above the map grows and shrinks: what was in the middle stays there, until a hand moves it.
  let moved = false;
  scene.map.on("dragstart", () => (moved = true));
  new ResizeObserver(() => {
    const middle = scene.map.getCenter();
    scene.map.invalidateSize({ pan: false });
    if (moved) return;
    known = "";
    scene.map.setView(middle, scene.map.getZoom(), { animate: false });
    drawMap(ahead());
  }).observe(scene.map.getContainer());
  known = "";
  drawMap(ahead());
});
await read();
setInterval(() => {
  if (document.visibilityState === "visible" && !unsent.waiting.some((one) => !one.refused)) read();
  else unsent.send();
}, POLL_MS);
addEventListener("online", read);
addEventListener("offline", () => {
  lost = true;
  drawLine();
});
onSecond(() => {
  tickCells(jobNode);
  if (lost && answered && Date.now() - answered > POLL_MS) drawLine();
});
navigator.serviceWorker?.register("/unit/worker.js", { scope: "/unit/" }).catch(() => {});
document.documentElement.dataset.ready = "unit";
