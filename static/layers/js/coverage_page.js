// The coverage console: one run at a time, one question a tab.

import { coverageRun, coverageRuns, latestRun } from "./api_coverage.js";
import { createCameraTrial } from "./camera_trial.js";
import { showLayer } from "./composition.js";
import { startCityMap } from "./city_map.js";
import { createAreaTable } from "./coverage_areas.js";
import { createRunBar } from "./coverage_bar.js";
import { createCoverageFigures } from "./coverage_figures.js";
import { createHistory } from "./coverage_history.js";
import { createLosses } from "./coverage_losses.js";
import { createWeights } from "./coverage_weights.js";
import { createWifi } from "./coverage_wifi.js";
import { onEvent } from "./events.js";
import { createGapList } from "./gap_list.js";
import { createGapRelease } from "./gap_release.js";
import { createPointView } from "./point_view.js";
import { createTabs } from "./tabs.js";

const byId = (id) => document.getElementById(id);
let tab = "seen";
const mode = () => (tab === "point" ? document.querySelector("input[name='click-mode']:checked").value : "look");
const console_ = await startCityMap({
  onClick: (latlng) => {
    if (mode() === "point") pointView.ask(latlng);
    else if (mode() === "trial") trial.put(latlng);
    else return false;
    return true;
  },
  onPlace: (result) => {
    if (mode() === "point") pointView.ask({ lat: result.lat, lng: result.lon });
    return mode() === "point";
  },
});
const { scene } = console_;
const pointView = createPointView(byId("point-view"), console_);
const trial = createCameraTrial(byId("camera-trial"), console_);
const figures = createCoverageFigures(byId("figures"));
const gaps = createGapList(byId("gaps"), console_, { onLevel: atLevel });
const gapRelease = createGapRelease(byId("gap-release"));
const areas = createAreaTable(byId("areas"), {
  columns: ["demand", "street", "ground"],
  onArea: (code) => {
    tabs.show("gaps", { focus: true });
    gaps.filter(code);
  },
});
const losses = createLosses(byId("redundancy"), console_, { kinds: ["camera", "site"] });
const history_ = createHistory(byId("history"), console_, { onRun: load });
const wifi = createWifi(byId("wifi"), console_);
const bar = createRunBar(byId("run-bar"), { onRun: load, onWifi: () => wifi.load().then(onMap) });
const weights = createWeights(byId("weights"), { onProfiles: (list) => bar.profiles(list) });
const tabs = createTabs(byId("tabs"), { onShow: shown });
let current = {};
const stale = new Set();

// A tab reads what it needs when it is opened, and again when another run is chosen.
const needs = {
  gaps: () => gapRelease.show(current),
  redundancy: () => losses.show(current),
  history: () => history_.show(current),
  wifi: () => wifi.load().then(onMap),
};

function shown(name) {
  const before = tab;
  tab = name;
  if (before === "history" && name !== "history") history_.clear();
  if (stale.delete(name)) needs[name]?.();
  if (name === "wifi") showLayer("wifi", true);
  onMap();
  clickMode();
}

// The map shows the streets of the run that the tab speaks of.
let mapped = null;
function onMap() {
  const run = (tab === "wifi" ? wifi.run() : null) ?? current.run;
  if (!run || run === mapped) return;
  mapped = run;
  for (const key of ["coverage", "gaps"]) scene.layers.get(key)?.drawing.setParameters({ run });
}

function clickMode() {
  const now = mode();
  for (const part of document.querySelectorAll("[data-mode]")) part.hidden = part.dataset.mode !== now;
  scene.map.getContainer().style.cursor = now === "look" ? "" : "crosshair";
  if (now !== "point") pointView.clear();
  if (now !== "trial") trial.clear();
  else if (!trial.placed()) trial.put(scene.map.getCenter());
}

// The newest run at another level of the same area; where there is none, the form for one is opened.
async function atLevel(level) {
  const { runs } = await coverageRuns({ subject: "cameras", count: 200 });
  const found = runs.find((run) => run.level === level && (run.area ?? null) === (current.area ?? null));
  if (found) await load(found.run);
  else bar.ask(level, current.area ?? "");
  return Boolean(found);
}

async function load(number) {
  current = number ? await coverageRun(number) : await latestRun();
  if (current.subject === "wifi") {
    stale.add("wifi");
    if (tab === "wifi") shown("wifi");
    current = await latestRun();
  }
  for (const name of Object.keys(needs)) stale.add(name);
  await bar.show(current);
  figures.show(current);
  areas.show(current);
  gaps.show(current);
  onMap();
  if (stale.delete(tab)) await needs[tab]?.();
}

for (const choice of document.querySelectorAll("input[name='click-mode']")) choice.addEventListener("change", clickMode);
byId("wifi").querySelector("[data-order]")?.addEventListener("click", () => bar.orderWifi(null));
onEvent("coverage.analysed", (event) => load(event.payload?.run ?? event.run));
onEvent("coverage.profile", () => weights.load());
for (const key of ["coverage", "gaps"]) showLayer(key, true);
await Promise.all([load(), weights.load()]);
tabs.start();
bar.job.resume();
document.documentElement.dataset.ready = "coverage";
