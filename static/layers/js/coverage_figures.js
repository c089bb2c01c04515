// Figures of a run: what is seen at each level, by area, and the order for a new run.

import { analyse, coverageRun, jobState } from "./api_coverage.js";
import { clear, el } from "./dom.js";
import { formatInteger, formatMetres, formatNumber, formatTime } from "./format.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const share = (part, whole) => (whole > 0 ? (100 * part) / whole : 0);
const percent = (value) => `${formatNumber(value)} %`;

function meter(title, part, whole, unit) {
  const value = share(part, whole);
  return el("dl", { class: "figure" },
    el("dt", { text: title }),
    el("dd", { text: `${percent(value)} · ${unit(part)}` }),
    el("dd", { class: "meter-line" }, el("progress", { class: "meter", max: "100", value: String(value), "aria-label": title })),
  );
}

export function createCoverageFigures(node, { onArea }) {
  const body = node.querySelector("[data-figures]");
  const areas = document.getElementById("areas");
  const form = node.querySelector("form");
  const state = node.querySelector("[data-run-state]");

  function show(run) {
    clear(body);
    clear(areas);
    if (!run.run) {
      body.append(el("p", { class: "empty-state", text: t("No analysis yet. Start one below.") }));
      return;
    }
    body.append(el("p", { class: "console-note", text: t("Run {n}, {time}, {edition}", { n: run.run, time: formatTime(run.finished_at), edition: run.edition }) }));
    body.append(el("h3", { text: t("Street seen, by image quality") }));
    const density = run.parameters?.levels ?? {};
    const levels = Object.keys(run.street_covered_m).sort((a, b) => (density[a] ?? 0) - (density[b] ?? 0));
    for (const level of levels) {
      body.append(meter(t(`level_${level}`), run.street_covered_m[level], run.street_m, formatMetres));
    }
    body.append(el("h3", { text: t("Demand seen at {level}", { level: t(`level_${run.level}`) }) }));
    body.append(meter(t("demand"), run.demand_covered[run.level], run.demand, formatInteger));
    const facts = [
      [t("cameras counted"), formatInteger(run.cameras)],
      [t("cameras left out"), formatInteger(run.excluded.length)],
      [t("streets seen by one camera only"), formatMetres(run.seen_by_one_m)],
      [t("ground visible"), `${formatNumber(run.visible_m2.visible / 10000)} ha`],
    ];
    body.append(el("dl", { class: "fields" }, facts.map(([name, value]) => el("div", { class: "field" }, el("dt", { text: name }), el("dd", { text: value })))));
    const notes = [t("Ground taken as flat, trees not known.")];
    const guessed = Object.values(run.assumed ?? {});
    if (guessed.length) notes.push(t("{n} cameras have a value that was assumed.", { n: formatInteger(Math.max(...guessed)) }));
    body.append(el("p", { class: "console-note", text: notes.join(" ") }));
    if (run.excluded.length) {
      body.append(el("details", {},
        el("summary", { text: t("Left out, and why") }),
        el("ul", { class: "left-out" }, run.excluded.slice(0, 200).map((item) =>
          el("li", {}, el("span", { text: item.code }), el("span", { text: t(`reason_${item.reason}`).replace(/^reason_/, "") })))),
      ));
    }
    showAreas(run);
  }

  function showAreas(run) {
    const rows = run.areas.filter((area) => area.level !== "kota");
    const levels = new Set(rows.map((area) => area.level));
    const smallest = levels.has("kelurahan") ? "kelurahan" : "kecamatan";
    const listed = rows.filter((area) => area.level === smallest).sort((a, b) => share(a.demand_covered, a.demand) - share(b.demand_covered, b.demand));
    const table = el("table", { class: "table" },
      el("thead", {}, el("tr", {}, [t("Area"), t("Cameras"), t("Street seen"), t("Demand seen")].map((text, place) => el("th", { text, scope: "col", class: place ? "number" : "" })))),
      el("tbody", {}, listed.map((area) => el("tr", {},
        el("th", { scope: "row" }, el("button", { type: "button", class: "row-button", text: area.name, onclick: () => onArea(area.code) })),
        el("td", { class: "number", text: formatInteger(area.cameras) }),
        el("td", { class: "number", text: percent(share(area.street_covered_m, area.street_m)) }),
        el("td", { class: "number", text: percent(share(area.demand_covered, area.demand)) })))),
    );
    areas.append(el("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": t("Coverage by area") }, table));
    const choice = form.elements.area;
    if (choice.options.length === 1) {
      for (const area of run.areas.filter((one) => one.level !== "kota")) choice.append(el("option", { value: area.code, text: area.name }));
    }
  }

  async function follow(job) {
    for (;;) {
      const now = await jobState(job.id);
      state.textContent = now.message || t("Working in the background");
      if (now.state === "done") return now.result.run;
      if (now.state === "failed" || now.state === "cancelled") throw new Error(now.error || t("The analysis did not finish."));
      await new Promise((wait) => setTimeout(wait, 1000));
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const submit = form.querySelector("button");
    submit.disabled = true;
    try {
      const job = await analyse({ area: form.elements.area.value || null, level: form.elements.level.value });
      const run = await follow(job);
      show(await coverageRun(run));
      state.textContent = t("Done.");
    } catch (error) {
      state.textContent = "";
      toast(error.message, "bad");
    } finally {
      submit.disabled = false;
    }
  });

  return { show };
}
