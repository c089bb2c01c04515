// A line of shares over time, with a point that can be chosen for each run.

import { el } from "./dom.js";
import { percent } from "./coverage_shares.js";
import { formatTime } from "./format.js";
import { t } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BASE] = [380, 180, 46, 12, 12, 152];

function shape(tag, values, words = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  if (words) node.textContent = words;
  return node;
}

// `runs` oldest first; `series` [{key, title, value(run)}].
export function historyChart(runs, series, { chosen }) {
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", class: "history-chart", "aria-label": t("Share seen over time") });
  const values = runs.flatMap((run) => series.map((one) => one.value(run) ?? 0));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = Math.max((most - least) * 0.2, most * 0.02, 0.0005);
  const [low, high] = [Math.max(0, least - room), most + room];
  const times = runs.map((run) => new Date(run.as_of ?? run.finished_at).getTime());
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const x = (time) => (to > from ? LEFT + ((WIDTH - LEFT - RIGHT) * (time - from)) / (to - from) : (LEFT + WIDTH - RIGHT) / 2);
  const y = (value) => BASE - ((BASE - TOP) * (value - low)) / (high - low || 1);
  for (const part of [0, 0.5, 1]) {
    const value = low + part * (high - low);
    svg.append(shape("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: "axis" }));
    svg.append(shape("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, percent(value)));
  }
  const day = (time) => new Date(time).toLocaleDateString(document.documentElement.lang, { day: "numeric", month: "short", year: "2-digit" });
  svg.append(shape("text", { x: LEFT, y: HEIGHT - 8 }, day(from)));
  if (to > from) svg.append(shape("text", { x: WIDTH - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, day(to)));
  series.forEach((one, place) => {
    const dots = runs.map((run, at) => [x(times[at]), y(one.value(run) ?? 0)]);
    svg.append(shape("path", { d: `M${dots.map((dot) => dot.map((n) => n.toFixed(1)).join(" ")).join("L")}`, class: `line is-${place}` }));
    dots.forEach(([cx, cy], at) => {
      const dot = shape("circle", { cx, cy, r: runs[at].run === chosen ? 5.5 : 3.5, class: `dot is-${place}` });
      dot.append(shape("title", {}, `#${runs[at].run} · ${formatTime(runs[at].as_of ?? runs[at].finished_at)} · ${one.title} ${percent(one.value(runs[at]))}`));
      svg.append(dot);
    });
  });
  return el("figure", { class: "history" }, svg,
    el("figcaption", { class: "chart-legend" }, series.map((one, place) => el("span", { class: `legend-line is-${place}`, text: one.title }))));
}
