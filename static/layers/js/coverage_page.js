// The coverage console: figures of the last run, ranked gaps, who sees a point, and a camera to try out.

import { coverageRun, latestRun } from "./api_coverage.js";
import { createCameraTrial } from "./camera_trial.js";
import { showLayer } from "./composition.js";
import { startCityMap } from "./city_map.js";
import { createCoverageFigures } from "./coverage_figures.js";
import { onEvent } from "./events.js";
import { createGapList } from "./gap_list.js";
import { createPointView } from "./point_view.js";

let mode = "look";
const console_ = await startCityMap({
  onClick: (latlng) => {
    if (mode === "point") pointView.ask(latlng);
    else if (mode === "trial") trial.put(latlng);
    else return false;
    return true;
  },
  onPlace: (result) => {
    if (mode === "point") pointView.ask({ lat: result.lat, lng: result.lon });
    return mode === "point";
  },
});
const { scene } = console_;
const pointView = createPointView(document.getElementById("point-view"), console_);
const trial = createCameraTrial(document.getElementById("camera-trial"), console_);
const gaps = createGapList(document.getElementById("gaps"), console_);
const figures = createCoverageFigures(document.getElementById("figures"), {
  onArea: (code) => gaps.filter(code),
});

for (const choice of document.querySelectorAll("input[name='click-mode']")) {
  choice.addEventListener("change", () => {
    mode = choice.value;
    for (const part of document.querySelectorAll("[data-mode]")) part.hidden = part.dataset.mode !== mode;
    scene.map.getContainer().style.cursor = mode === "look" ? "" : "crosshair";
    if (mode !== "point") pointView.clear();
    if (mode !== "trial") trial.clear();
    else if (!trial.placed()) trial.put(scene.map.getCenter());
  });
}

async function load(run) {
  const answer = run ? await coverageRun(run) : await latestRun();
  figures.show(answer);
  gaps.show(answer.gaps ?? []);
}

onEvent("coverage.analysed", (event) => load(event.payload?.run ?? event.run));
for (const key of ["coverage", "gaps"]) showLayer(key, true);
await load();
document.documentElement.dataset.ready = "coverage";
