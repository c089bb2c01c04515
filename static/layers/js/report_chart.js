// Bars of a grouping: the median strong, up to the 90th percentile pale, a line at the target.

import { clear, el } from "./dom.js";
import { formatDuration } from "./format.js";
import { t } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 190;
const BASE = 150;
const TOP = 14;

function shape(tag, values, words = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(values)) node.setAttribute(name, value);
  if (words) node.textContent = words;
  return node;
}

export function drawChart(node, groups, key, definition) {
  clear(node);
  const rows = groups.map((group) => ({ name: group.name || t("not stated"), figures: group.intervals[key] })).filter((row) => row.figures?.p90_s !== null && row.figures?.p90_s !== undefined);
  if (!rows.length) return;
  const step = Math.max(26, Math.min(64, Math.floor(760 / rows.length)));
  const left = 86;
  const width = left + step * rows.length + 10;
  const limit = definition.targets[0]?.within_s ?? 0;
  const most = Math.max(limit, ...rows.map((row) => row.figures.p90_s)) || 1;
  const y = (seconds) => BASE - ((BASE - TOP) * seconds) / most;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": t("{interval}: median and 90 % of each group", { interval: definition.title }) });
  for (const seconds of [0, most / 2, most]) {
    svg.append(shape("line", { x1: left, x2: width, y1: y(seconds), y2: y(seconds), class: "axis", opacity: seconds ? 0.4 : 1 }));
    svg.append(shape("text", { x: left - 6, y: y(seconds) + 4, "text-anchor": "end" }, formatDuration(seconds)));
  }
  rows.forEach((row, place) => {
    const x = left + place * step + 4;
    const bar = shape("g", {});
    bar.append(shape("title", {}, `${row.name}: ${formatDuration(row.figures.p50_s)} / ${formatDuration(row.figures.p90_s)}`));
    bar.append(shape("rect", { x, y: y(row.figures.p90_s), width: step - 8, height: BASE - y(row.figures.p90_s), class: "bar-tail" }));
    bar.append(shape("rect", { x, y: y(row.figures.p50_s), width: step - 8, height: BASE - y(row.figures.p50_s), class: "bar" }));
    svg.append(bar);
    const name = row.name.length > 12 ? `${row.name.slice(0, 11)}…` : row.name;
    const slanted = row.name.length > 4;
    svg.append(shape("text", { x: x + (step - 8) / 2, y: BASE + 14, "text-anchor": slanted ? "end" : "middle", ...(slanted ? { transform: `rotate(-32 ${x + (step - 8) / 2} ${BASE + 12})` } : {}) }, name));
  });
  if (limit) svg.append(shape("line", { x1: left, x2: width, y1: y(limit), y2: y(limit), class: "limit" }));
  // Many groups are wider than the page: the chart scrolls, by keyboard too.
  node.append(el("div", { class: "report-scroll", tabindex: "0", role: "region", "aria-label": t("Chart by group") }, svg));
}
