// Coverage over time, and two runs side by side: what each area won and lost, on the map and in a table.

import { compareRuns, coverageRuns } from "./api_coverage.js";
import { isShown, showLayer } from "./composition.js";
import { historyChart } from "./coverage_chart.js";
import { formatGround, levelName, percent, points, share, signed } from "./coverage_shares.js";
import { clear, el } from "./dom.js";
import { formatInteger, formatMetres, formatTime } from "./format.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const COLOURS = { won: "#55d6a3", lost: "#ff5d9e" };

export function createHistory(node, { scene }, { onRun }) {
  const { L, map } = scene;
  const body = node.querySelector("[data-history]");
  const form = node.querySelector("form");
  const answerNode = node.querySelector("[data-comparison]");
  const drawn = L.layerGroup().addTo(map);
  const canvas = L.canvas({ padding: 0.3 });
  let runs = [];
  let run = null;
  const hidden = [];
  let turn = 0;

  const alike = (one) => one.subject === run.subject && one.edition === run.edition && (one.area ?? null) === (run.area ?? null) && !one.repeats;

  function label(one) {
    return `#${one.run} · ${formatTime(one.as_of ?? one.finished_at)} · ${one.profile}`;
  }

  function draw() {
    clear(body);
    const moment = (one) => new Date(one.as_of ?? one.finished_at).getTime();
    const same = runs.filter(alike).sort((a, b) => moment(a) - moment(b) || a.run - b.run);
    if (!same.length) return body.append(el("p", { class: "empty-state", text: t("No analysis yet. Start one above.") }));
    const level = run.level;
    body.append(
      historyChart(same, [
        { title: t("Demand"), value: (one) => share(one.demand_covered[level], one.demand) },
        { title: t("Street"), value: (one) => share(one.street_covered_m[level], one.street_m) },
      ], { chosen: run.run }),
      el("details", {},
        el("summary", { text: t("{n} analyses of the same area", { n: formatInteger(same.length) }) }),
        el("ol", { class: "rank-list" }, [...same].reverse().map((one) =>
          el("li", {}, el("button", { type: "button", class: "rank-row", "aria-pressed": String(one.run === run.run), onclick: () => onRun(one.run) },
            el("span", { class: "rank", text: `#${one.run}` }),
            el("span", { class: "where" }, formatTime(one.as_of ?? one.finished_at), el("small", { text: [one.profile, one.by].filter(Boolean).join(" · ") })),
            el("span", { class: "amount" }, percent(share(one.demand_covered[level], one.demand)), el("small", { text: t("{n} cameras", { n: formatInteger(one.cameras) }) }))))))));
    return undefined;
  }

  function choices() {
    const comparable = runs.filter((one) => one.subject === run.subject && one.edition === run.edition);
    const before = comparable.find((one) => one.run < run.run && alike(one)) ?? comparable.find((one) => one.run !== run.run);
    for (const [name, chosen] of [["first", before?.run], ["second", run.run]]) {
      const kept = Number(form.elements[name].value);
      clear(form.elements[name]).append(...comparable.map((one) => el("option", { value: String(one.run), text: label(one), selected: one.run === (name === "first" && comparable.some((c) => c.run === kept) && kept !== run.run ? kept : chosen) })));
    }
    form.querySelector("button").disabled = comparable.length < 2;
  }

  // What changed is hard to see among all the streets: they step back while it is shown.
  function onMap(answer) {
    drawn.clearLayers();
    for (const key of ["coverage", "gaps"]) {
      if (!isShown(key)) continue;
      showLayer(key, false);
      hidden.push(key);
    }
    if (!answer.streets.features.length) return;
    const lines = L.geoJSON(answer.streets, {
      interactive: false,
      style: ({ properties }) => ({ renderer: canvas, color: COLOURS[properties.change], weight: 6, opacity: 0.9, dashArray: properties.change === "lost" ? "3 8" : null }),
    }).addTo(drawn);
    map.fitBounds(lines.getBounds(), { maxZoom: 16, padding: [40, 40] });
  }

  function table(caption, heads, rows) {
    return el("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": caption },
      el("table", { class: "table is-tight" },
        el("thead", {}, el("tr", {}, heads.map((text, place) => el("th", { scope: "col", class: place ? "number" : "", text })))),
        el("tbody", {}, rows)));
  }

  function total(name, before, after, text, whole) {
    const shares = whole ? [share(before[0], before[1]), share(after[0], after[1])] : null;
    const more = after[0] - before[0];
    return el("tr", {},
      el("th", { scope: "row", text: name }),
      el("td", { class: "number", text: shares ? percent(shares[0]) : text(before[0]) }),
      el("td", { class: "number", text: shares ? percent(shares[1]) : text(after[0]) }),
      el("td", { class: "number delta", "data-sign": String(Math.sign(Math.round(more * 1e6))), text: signed(text, more) }));
  }

  function areaRow(area) {
    const [before, after] = area.demand;
    return el("tr", {},
      el("th", { scope: "row", text: area.name }),
      el("td", { class: "number delta", "data-sign": String(Math.sign(Math.round(area.demand_more * 1e6))), text: before === null || after === null ? "–" : points(after - before) }),
      el("td", { class: "number delta", "data-sign": String(Math.sign(Math.round(area.street_more * 1e6))), text: signed(formatMetres, area.street_more) }),
      el("td", { class: "number", text: `${formatInteger(area.cameras[0])} → ${formatInteger(area.cameras[1])}` }));
  }

  function people(name, list) {
    return list.length ? el("details", {}, el("summary", { text: `${name}: ${formatInteger(list.length)}` }),
      el("ul", { class: "left-out" }, list.slice(0, 200).map((one) => el("li", {}, el("span", { text: one.name || one.code }), el("span", { text: formatMetres(one.street_m) }))))) : null;
  }

  function compared(answer) {
    const [before, after] = answer.totals;
    const smallest = answer.areas.some((area) => area.level === "kelurahan") ? "kelurahan" : "kecamatan";
    const changed = answer.areas.filter((area) => area.level === smallest && (Math.abs(area.demand_more) > 1e-6 || Math.abs(area.street_more) > 1e-6))
      .sort((a, b) => Math.abs(b.demand_more) - Math.abs(a.demand_more));
    clear(answerNode).append(...[
      el("p", { class: "won-lost", role: "status" },
        el("span", { class: "seen-key is-won", "aria-hidden": "true" }), t("{metres} won", { metres: formatMetres(answer.street_won_m) }),
        el("span", { class: "seen-key is-lost", "aria-hidden": "true" }), t("{metres} lost", { metres: formatMetres(answer.street_lost_m) })),
      answer.different.some((name) => ["profile", "edition", "levels"].includes(name)) ? el("p", { class: "banner", "data-kind": "warn", text: t("The two runs weigh demand differently; compare street and ground.") }) : null,
      table(t("Before and after"), [levelName(answer.level), t("Before"), t("After"), t("Difference")], [
        total(t("Demand"), [before.demand_covered, before.demand], [after.demand_covered, after.demand], formatInteger, true),
        total(t("Street"), [before.street_covered_m, before.street_m], [after.street_covered_m, after.street_m], formatMetres, true),
        total(t("Ground"), [before.ground_covered_m2, before.area_m2], [after.ground_covered_m2, after.area_m2], formatGround, true),
        total(t("Cameras"), [before.cameras], [after.cameras], formatInteger, false),
      ]),
      people(t("No longer counted"), answer.gone), people(t("Newly counted"), answer.come),
      el("h3", { text: t("By area") }),
      changed.length ? table(t("Differences by area"), [t("Area"), t("Demand (points)"), t("Street"), t("Count")], changed.map(areaRow)) : el("p", { class: "console-note", text: t("No area changed.") }),
      answer.street_in_one_m > 1 ? el("p", { class: "console-note", text: t("{metres} of street are in one of the two only.", { metres: formatMetres(answer.street_in_one_m) }) }) : null,
    ].filter(Boolean));
    onMap(answer);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const mine = ++turn;
    try {
      const answer = await compareRuns(form.elements.first.value, form.elements.second.value, run.level);
      if (mine === turn) compared(answer);
    } catch (error) {
      if (mine === turn) toast(error.message, "bad");
    }
  });

  return {
    async show(next) {
      run = next;
      if (!run.run) return clear(body);
      ({ runs } = await coverageRuns({ subject: run.subject ?? "cameras", count: 200 }));
      choices();
      return draw();
    },
    clear() {
      turn += 1;
      drawn.clearLayers();
      for (const key of hidden.splice(0)) showLayer(key, true);
      clear(answerNode);
    },
  };
}
