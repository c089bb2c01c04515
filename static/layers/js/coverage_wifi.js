// Wifi: how much street, demand and how many people are within a hotspot's reach, by area.

import { latestRun } from "./api_coverage.js";
import { createAreaTable } from "./coverage_areas.js";
import { createLosses } from "./coverage_losses.js";
import { formatGround, percent, share } from "./coverage_shares.js";
import { clear, el } from "./dom.js";
import { formatInteger, formatMetres, formatTime } from "./format.js";
import { t } from "./text.js";

const LEVEL = "within";

export function createWifi(node, scene) {
  const body = node.querySelector("[data-wifi]");
  const areas = createAreaTable(node.querySelector("[data-areas]"), { columns: ["people", "street", "demand"] });
  const losses = createLosses(node, scene, { kinds: ["wifi"] });

  let number = null;

  return {
    run: () => number,
    async load() {
      const run = await latestRun("wifi");
      number = run.run ?? null;
      clear(body);
      areas.show(run);
      losses.show(run);
      if (!run.run) {
        body.append(el("p", { class: "empty-state", text: t("Wifi reach was not analysed yet.") }));
        return;
      }
      const missing = run.excluded.length;
      body.append(
        el("div", { class: "headline" },
          el("p", { class: "headline-number", text: percent(share(run.people_covered[LEVEL], run.people)) }),
          el("p", { class: "headline-words", text: t("of people live along streets with free wifi") }),
          el("p", { class: "console-note", text: t("{street} of {all} street ({share}) · {ground} · demand {demand}", {
            street: formatMetres(run.street_covered_m[LEVEL]), all: formatMetres(run.street_m), share: percent(share(run.street_covered_m[LEVEL], run.street_m)),
            ground: formatGround(run.visible_m2[LEVEL]), demand: percent(share(run.demand_covered[LEVEL], run.demand)),
          }) })),
        el("p", { class: "console-note", text: t("{n} hotspots counted, {left} left out · {time}. People are spread evenly over the streets of their area; walls are not taken into account.", { n: formatInteger(run.cameras), left: formatInteger(missing), time: formatTime(run.finished_at) }) }));
    },
  };
}
