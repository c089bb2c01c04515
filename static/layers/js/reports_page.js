// The reports page: a period, its intervals, one of them compared by groups in a chart, a table and on the map.

import { performance, performanceFile } from "./api_reports.js";
import { startCityMap } from "./city_map.js";
import { clear, el } from "./dom.js";
import { formatDuration, formatInteger, formatNumber } from "./format.js";
import { createReportCards } from "./report_cards.js";
import { drawChart } from "./report_chart.js";
import { createReportMap } from "./report_map.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const { scene } = await startCityMap();
const form = document.querySelector("[data-period]");
const status = document.querySelector("[data-status]");
const cards = createReportCards(document.querySelector("[data-cards]"), { onChoose: choose });
const regions = createReportMap(scene);
let report = null;
let chosen = "total_response";
let turn = 0;
// Below so many cases chance decides, and the row says so.
const FEW = 10;

const local = (date) => new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);

// To the end of the running minute, so that what was reported just now counts.
function setPeriod(hours) {
  form.elements.to.value = local(new Date(Date.now() + 60000));
  form.elements.from.value = local(new Date(Date.now() - hours * 3600000));
}

function period() {
  return { from: new Date(form.elements.from.value).toISOString(), to: new Date(form.elements.to.value).toISOString() };
}

function choose(key) {
  chosen = key;
  draw();
  document.querySelector(`.report-card[aria-pressed="true"]`)?.focus();
}

// Hours, months and priorities have an order of their own; everything else stands worst first.
function ordered() {
  const rows = report.groups.filter((group) => group.intervals[chosen]);
  if (["hour", "month", "priority"].includes(report.by)) return rows;
  return rows.sort((a, b) => (b.intervals[chosen].p90_s ?? -1) - (a.intervals[chosen].p90_s ?? -1));
}

function groupTable(definition, rows) {
  const targets = definition.targets.filter((target) => rows.some((row) => row.intervals[chosen].within[target.key]?.n));
  const heads = [t("Group"), "n", t("median"), t("90 % within"), ...targets.map((target) => target.source), t("left out")];
  return el("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": t("Figures by group") },
    el("table", { class: "table" },
      el("thead", {}, el("tr", {}, heads.map((text, place) => el("th", { text, scope: "col", class: place ? "number" : "" })))),
      el("tbody", {}, rows.map((row) => {
        const figures = row.intervals[chosen];
        const out = Object.values(figures.excluded).reduce((sum, n) => sum + n, 0);
        return el("tr", { class: figures.n < FEW ? "is-few" : "" },
          el("th", { scope: "row", text: row.name || t("not stated") }),
          el("td", { class: "number", text: formatInteger(figures.n) }),
          el("td", { class: "number", text: figures.p50_s === null ? "–" : formatDuration(figures.p50_s) }),
          el("td", { class: "number", text: figures.p90_s === null ? "–" : formatDuration(figures.p90_s) }),
          targets.map((target) => {
            const share = figures.within[target.key]?.share;
            return el("td", { class: "number", text: share === null || share === undefined ? "–" : `${formatNumber(100 * share)} %` });
          }),
          el("td", { class: "number", text: formatInteger(out) }));
      }))));
}

function countTable(title, counts, label) {
  return el("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": title },
    el("table", { class: "table" },
      el("thead", {}, el("tr", {}, el("th", { scope: "col", text: title }), el("th", { scope: "col", class: "number", text: t("number") }))),
      el("tbody", {}, Object.entries(counts).map(([key, n]) => el("tr", {}, el("th", { scope: "row", text: label(key) }), el("td", { class: "number", text: formatInteger(n) }))))));
}

function draw() {
  const definition = report.definitions.find((one) => one.key === chosen);
  cards.show(report, chosen);
  const groups = document.querySelector("[data-groups]");
  document.querySelector("[data-groups-title]").replaceChildren(
    `${definition.title} `, el("a", { href: `#def-${definition.key}`, class: "console-note", text: t("what it means") }));
  const rows = ordered();
  clear(groups).append(groupTable(definition, rows));
  if (rows.some((row) => row.intervals[chosen].n < FEW)) groups.append(el("p", { class: "console-note", text: t("Pale rows have fewer than {n} cases: read them with care.", { n: FEW }) }));
  drawChart(document.querySelector("[data-chart]"), rows, chosen, definition);
  if (report.by === "area") regions.show(report.groups, chosen, definition).catch((error) => toast(error.message, "bad"));
  else regions.hide();
  const counts = document.querySelector("[data-counts]");
  clear(counts).append(
    countTable(t("Calls: {n}", { n: formatInteger(report.calls.n) }), report.calls.by_kind, (key) => t(`call_${key}`)),
    countTable(t("By channel"), report.calls.by_channel, (key) => t(`channel_${key}`)),
    countTable(t("Incidents: {n}", { n: formatInteger(report.incidents.n) }), report.incidents.by_type, (key) => key),
  );
}

async function load() {
  if (!form.reportValidity()) return;
  const mine = ++turn;
  status.textContent = t("Counting …");
  for (const link of document.querySelectorAll("[data-file]")) link.href = performanceFile(link.dataset.file, period());
  try {
    const answer = await performance(period(), form.elements.by.value);
    if (mine !== turn) return;
    report = answer;
    status.textContent = t("{n} incidents, {calls} calls; times of {zone}", { n: formatInteger(report.incidents.n), calls: formatInteger(report.calls.n), zone: report.period.time_zone });
    draw();
  } catch (error) {
    if (mine !== turn) return;
    status.textContent = "";
    toast(error.message, "bad");
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});
form.elements.by.addEventListener("change", load);
for (const preset of document.querySelectorAll("[data-days], [data-hours]")) {
  preset.addEventListener("click", () => {
    setPeriod(preset.dataset.hours ? Number(preset.dataset.hours) : 24 * Number(preset.dataset.days));
    load();
  });
}
setPeriod(24 * 30);
await load();
document.documentElement.dataset.ready = "reports";
