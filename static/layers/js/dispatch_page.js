// The dispatch console: wires queue, units, panel, call form, command line, keys, map and the second window.

import { assignmentStep, dispatchUnits, incidentDetail, incidentEdit, incidentMerge, incidentNote, incidentState, nearestUnits, recommendation, unitStatus } from "./api_dispatch.js";
import { startCityMap } from "./city_map.js";
import { showLayer } from "./composition.js";
import { createAlarms } from "./dispatch/alarms.js";
import { createBoard, shortNumber } from "./dispatch/board.js";
import { createCallForm } from "./dispatch/call_form.js";
import { createClosureTool } from "./dispatch/closure.js";
import { createCommandLine } from "./dispatch/command_line.js";
import { deskLayers, deskRemember, deskWanted } from "./dispatch/desk.js";
import { createGrammar } from "./dispatch/grammar.js";
import { newKey } from "./dispatch/ids.js";
import { bindKeys, toggleHelp } from "./dispatch/keys.js";
import { createLinkState } from "./dispatch/link_state.js";
import { createPlaceTools } from "./dispatch/place_tools.js";
import { createQueue } from "./dispatch/queue.js";
import { createFollow, createSceneMap } from "./dispatch/scene_map.js";
import { createSounds } from "./dispatch/sounds.js";
import { createTabs } from "./dispatch/tabs.js";
import { createTrackReplay } from "./dispatch/track_replay.js";
import { createUnitBoard } from "./dispatch/unit_board.js";
import { createWaitingCalls } from "./dispatch/waiting_calls.js";
import { createWarnings } from "./dispatch/warnings.js";
import { createConsoleEnd } from "./dispatch/windows.js";
import { formatDuration } from "./format.js";
import { onEvent } from "./events.js";
import { createPanel } from "./incident/panel.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const byId = (id) => document.getElementById(id);
const choices = JSON.parse(byId("console-choices").textContent);
const { can } = choices;
const page = document.querySelector(".dispatch");

const board = createBoard({ desk: deskWanted() });
const cityMap = await startCityMap({ onClick, onPlace, slash: false });
const tabs = createTabs(byId("side-tabs"));
const parts = createTabs(byId("part-tabs"), { hides: false, onChange: (name) => (page.dataset.part = name) });
const place = createPlaceTools(cityMap, { coverage: can.coverage, onCall: (at) => callAt(at.lon, at.lat) });

let follow = () => {};
const sceneMap = createSceneMap(cityMap, board, { onFollow: (following) => follow(following) });
follow = createFollow(byId("follow"), sceneMap);
const closure = can.dispatch ? createClosureTool(byId("closure"), cityMap, { choices }) : null;

const queueNode = byId("queue");
const panelNode = byId("incident");
const queue = createQueue(queueNode, board, { onSelect: (row) => select(row, { focus: false }) });
const units = createUnitBoard(byId("units"), board, { onSelect: lookAtUnit });

const windows = createConsoleEnd({
  apart: (on) => {
    page.dataset.apart = String(on);
    byId("map-apart").setAttribute("aria-pressed", String(on));
    if (!on) setTimeout(() => cityMap.scene.map.invalidateSize(), 50);
  },
  chosen: (id) => board.incident(id) && select(board.incident(id)),
  place: (lon, lat) => clicked(lon, lat),
  hello: tellMap,
});
const shownOnMap = { select: null, routes: [], cameras: [], place: null };

function onMap(what, value) {
  shownOnMap[what] = value;
  if (what === "select") {
    Object.assign(shownOnMap, { routes: [], cameras: [] });
    sceneMap.choose(value);
  }
  if (what === "routes") sceneMap.showRoutes(value);
  if (what === "cameras") sceneMap.showCameras(value);
  if (what === "place") sceneMap.showPlace(value, (lon, lat) => form.click(lon, lat));
  windows.send(what, { value });
}

function tellMap() {
  windows.send("desk", { value: board.state.desk });
  for (const [what, value] of Object.entries(shownOnMap)) windows.send(what, { value });
}

// Keys act on the incident that is open: in its panel, and on its own row of the queue.
const inIncident = [queueNode.querySelector("[data-queue]"), panelNode];
const panel = createPanel(panelNode, board, {
  can, choices, keysIn: inIncident,
  on: {
    selected: (row) => onMap("select", row && { id: row.id, lon: row.lon, lat: row.lat, accuracy_m: row.accuracy_m, number: row.number }),
    units: (names, answer) => {
      units.mark(names);
      drawRoutes(names, answer);
    },
    cameras: (list) => onMap("cameras", list),
    look: (callsign) => lookAtUnit(board.unit(callsign), { quiet: true }),
  },
});

const form = createCallForm(byId("call-form"), board, {
  choices,
  near: () => cityMap.scene.map.getCenter(),
  onPlace: (at) => onMap("place", at && { lon: at.lon, lat: at.lat }),
  onMade: (row, joined) => {
    if (!joined) board.put(row);
    toast(joined ? t("The call joined {number}.", { number: shortNumber(joined) }) : t("Incident {number} is open.", { number: shortNumber(row.number) }), "good");
    tabs.show("incident");
    if (row) select(row, { focus: true });
  },
  onCounted: (kind) => {
    toast(t("Counted: {kind}.", { kind: t(`call_${kind}`) }), "good");
    queue.focus();
  },
  onState: ({ open, restored }) => {
    tabs.mark("call", open ? "●" : "");
    if (restored) toast(t("The call form holds what was typed before the page was left."), "info");
  },
});
const calls = createWaitingCalls(byId("calls"), board, { onTaken: (call) => openCall(call) });

function select(row, { focus = false } = {}) {
  queue.select(row?.id ?? null);
  if (row) {
    tabs.show("incident");
    if (page.dataset.part !== "map") parts.show("side");
  }
  return panel.select(row, { focus });
}

function openCall(from = null) {
  tabs.show("call");
  parts.show("side");
  form.open(from);
}

function callAt(lon, lat) {
  openCall();
  form.click(lon, lat);
}

function clicked(lon, lat) {
  if (tabs.shown === "call" && can.take) {
    form.click(lon, lat);
    return;
  }
  tabs.show("place");
  place.ask({ lon, lat });
}

function onClick(latlng, best) {
  if (closure?.click(latlng)) return true;
  if (best?.layer === "active_incidents" && board.incident(best.id) && tabs.shown !== "call") {
    select(board.incident(best.id));
    return true;
  }
  if (best && ["units", "cctv", "stations", "closures"].includes(best.layer) && best.id && tabs.shown !== "call") cityMap.select(best);
  clicked(latlng.lng, latlng.lat);
  return true;
}

function onPlace(result) {
  clicked(result.lon, result.lat);
  return true;
}

function lookAtUnit(unit, { quiet = false } = {}) {
  if (!unit) return;
  if (unit.lon !== null && unit.lon !== undefined) sceneMap.goTo(unit.lon, unit.lat);
  const held = board.state.incidents.find((row) => row.units?.some((one) => one.callsign === unit.callsign));
  if (!quiet && held) select(held);
}

// Ways to the open incident: of units that are ticked (dashed) and of those on their way (whole).
let routeTurn = 0;
async function drawRoutes(names, answer) {
  const mine = ++routeTurn;
  const row = panel.current();
  if (!row || !can.operations) return;
  const offered = (answer?.lines ?? []).flatMap((line) => line.units);
  const ready = new Map(offered.filter((unit) => unit.route).map((unit) => [unit.callsign, unit]));
  const missing = names.filter((name) => !ready.has(name));
  if (missing.length) {
    try {
      for (const unit of (await nearestUnits({ lon: row.lon, lat: row.lat, count: 25 })).units) ready.set(unit.callsign, unit);
    } catch {
      // The map then shows no way; the list says what is known.
    }
  }
  const going = [];
  for (const part of row.units ?? []) {
    if (!["dispatched", "acknowledged", "en_route"].includes(part.step)) continue;
    const route = await panel.crew.route(part.unit);
    if (route?.coordinates) going.push({ callsign: part.callsign, coordinates: route.coordinates, going: true, strong: true, words: [part.callsign, route.eta_s ? formatDuration(route.eta_s) : ""].filter(Boolean).join(" ") });
  }
  if (mine !== routeTurn || panel.current()?.id !== row.id) return;
  const wanted = names.map((name) => ready.get(name)).filter((unit) => unit?.route).map((unit, at) => ({ callsign: unit.callsign, coordinates: unit.route.coordinates, strong: at === 0, going: false, words: `${unit.callsign} ${unit.eta_s === null ? "" : formatDuration(unit.eta_s)}` }));
  onMap("routes", [...going, ...wanted]);
}

// What a line of the command line does; words that tell it was done.
const deeds = {
  help: () => toggleHelp([[t("Command line"), grammar.list()]]),
  go: ({ incident }) => void select(incident, { focus: true }),
  goUnit: ({ unit }) => lookAtUnit(unit),
  dispatch: async ({ incident, units: sent }) => {
    const done = await dispatchUnits(incident.id, { units: sent.map((one) => one.callsign) }, newKey());
    return t("{units} sent to {number}", { units: (done.assigned ?? sent).map((one) => one.callsign).join(", "), number: shortNumber(incident.number) });
  },
  dispatchCard: async ({ incident }) => {
    const card = await recommendation(incident.id);
    const sent = [...new Set(card.lines.flatMap((line) => line.units.map((one) => one.callsign)))];
    if (!sent.length) throw new Error(t("No unit can be sent."));
    await dispatchUnits(incident.id, { units: sent }, newKey());
    const short = card.lines.reduce((sum, line) => sum + (line.shortfall ?? 0), 0);
    return t("{units} sent to {number}", { units: sent.join(", "), number: shortNumber(incident.number) }) + (short ? ` · ${t("{n} missing", { n: short })}` : "");
  },
  step: async ({ assignment, step }) => {
    await assignmentStep(assignment.assignment, { step }, newKey());
    return `${assignment.callsign}: ${t(`step_${step}`)}`;
  },
  status: async ({ unit, status, reason }) => {
    await unitStatus(unit.id, { status, ...(reason ? { reason } : {}) }, newKey());
    return t("{unit}: {step}", { unit: unit.callsign, step: choices.statuses.find((one) => one.code === status).name });
  },
  close: async ({ incident, disposition }) => {
    const now = await incidentDetail(incident.id);
    board.put(await incidentState(incident.id, { version: now.version, action: "close", disposition }, newKey()));
    return t("{number} closed", { number: shortNumber(incident.number) });
  },
  note: async ({ incident, text }) => {
    await incidentNote(incident.id, text, newKey());
    return t("noted on {number}", { number: shortNumber(incident.number) });
  },
  merge: async ({ incident, into }) => {
    board.put(await incidentMerge(incident.id, { version: incident.version, into: into.number }, newKey()));
    return t("{number} merged into {other}", { number: shortNumber(incident.number), other: shortNumber(into.number) });
  },
  edit: async ({ incident, fields }) => {
    board.put(await incidentEdit(incident.id, { version: incident.version, ...fields }));
    return t("{number} changed", { number: shortNumber(incident.number) });
  },
};

const grammar = createGrammar(board, choices);
const line = createCommandLine(byId("command"), grammar, {
  onLeave: () => queue.focus() || document.activeElement.blur(),
  run: async (act) => {
    const done = await deeds[act.do](act);
    board.soon();
    if (panel.current()) panel.refresh();
    return done;
  },
});

const sounds = createSounds(byId("sounds"));
const warnings = createWarnings(sounds);
createAlarms(byId("alarms"), board, sounds, { unanswered: units.unanswered, warnings: warnings.list, onSelect: (row) => select(row, { focus: false }) });
createLinkState(byId("link"), board);

function openMap() {
  window.open("/dispatch/map/", "ncc-dispatch-map");
}

const track = createTrackReplay(byId("track"), cityMap, board);
function replay(unit) {
  tabs.show("place");
  parts.show("side");
  track.open(unit);
}

bindKeys(byId("units"), t("On the unit board"), [
  { key: "z", does: t("Where it was: replay its track"), when: () => units.focused(), run: () => replay(units.focused()) },
  { key: "d", does: t("Choose the unit for the open incident, or take it back"), when: () => can.dispatch && panel.current() && units.focused(), run: () => panel.card.toggle(units.focused().callsign) },
]);
bindKeys(null, t("Everywhere"), [
  { key: "/", does: t("Command line"), run: () => line.focus() },
  { key: "?", does: t("This help"), run: deeds.help },
  ...(can.take ? [{ key: "n", does: t("New call (what is typed in it stays)"), run: () => openCall() }, { key: "y", does: t("Take the call that waits longest"), run: calls.takeFirst }] : []),
  { key: "q", does: t("To the queue"), run: () => {
    parts.show("queue");
    queue.focus();
  } },
  { key: "u", does: t("To the units"), run: () => {
    parts.show("units");
    units.focus();
  } },
  { key: "i", does: t("To the open incident"), run: () => {
    tabs.show("incident");
    parts.show("side");
    panelNode.focus();
  } },
  { key: "m", does: t("To the map (arrows move, + and − zoom)"), run: () => {
    parts.show("map");
    cityMap.scene.map.getContainer().focus();
  } },
  { key: "g", does: t("Let the map follow the incidents again"), run: () => sceneMap.follow(true) },
  { key: ".", does: t("Take in the rows that wait"), run: () => queueNode.querySelector("[data-waiting]").click() },
  { key: "Escape", does: t("Leave: never does anything"), typing: true, run: leave },
]);

// Escape goes one step back towards the queue; nothing is sent, and nothing typed is lost.
function leave() {
  if (closure?.active) {
    closure.cancel();
    return;
  }
  if (document.activeElement?.closest?.("#call-form, #incident")) {
    queue.focus() || document.activeElement.blur();
    return;
  }
  if (place.clear()) tabs.show("incident");
}

byId("new-call")?.addEventListener("click", () => openCall());
byId("help").addEventListener("click", deeds.help);
byId("map-apart").addEventListener("click", openMap);

function showDesk(desk) {
  page.dataset.desk = desk;
  for (const key of deskLayers(desk)) showLayer(key, true);
}
for (const choice of document.querySelectorAll("input[name='desk']")) {
  choice.checked = choice.value === board.state.desk;
  choice.addEventListener("change", () => {
    deskRemember(choice.value);
    showDesk(choice.value);
    windows.send("desk", { value: choice.value });
    board.setDesk(choice.value);
  });
}
showDesk(board.state.desk);
onEvent("*", (event) => {
  if (["units", "closures", "roads"].includes(event.layer) && event.kind !== "unit.moved" && place.place) place.refresh();
});

await board.load();
document.documentElement.dataset.ready = "dispatch";
