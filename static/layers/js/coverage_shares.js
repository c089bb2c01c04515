// Shares as every part of the console writes them.

import { el } from "./dom.js";
import { formatFine, formatInteger, formatMetres, formatNumber } from "./format.js";
import { t } from "./text.js";

export const share = (part, whole) => (whole > 0 ? part / whole : null);
// Shares under one percent keep a second digit: 0,04 % is not nothing.
export const percent = (value) => (value === null || value === undefined ? "–" : `${(value > 0 && value < 0.01 ? formatFine : formatNumber)(100 * value)} %`);
export const points = (value) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${formatNumber(Math.abs(100 * value))}`;
export const signed = (text, value) => (value > 0 ? `+${text(value)}` : value < 0 ? `−${text(-value)}` : text(0));

export function formatGround(m2) {
  return Math.abs(m2) >= 1e6 ? `${formatNumber(m2 / 1e6)} km²` : `${formatNumber(m2 / 1e4)} ha`;
}

// The four things that are seen or not, with what they are measured in.
export const MEASURES = {
  demand: { title: "demand", head: "Demand", whole: "demand", part: "demand", text: formatInteger },
  street: { title: "street", head: "Street", whole: "street_m", part: "street_m", text: formatMetres },
  ground: { title: "ground", head: "Ground", whole: "area_m2", part: "m2", text: formatGround },
  people: { title: "people", head: "People", whole: "people", part: "people", text: formatInteger },
};

export function orderedLevels(run) {
  const density = run.parameters?.levels ?? {};
  return Object.keys(run.street_covered_m).sort((a, b) => (density[a] ?? 0) - (density[b] ?? 0));
}

export function meterCell(value, words) {
  return el("td", { class: "number" },
    el("span", { text: percent(value) }),
    value === null ? null : el("progress", { class: "meter", max: "1", value: String(value), "aria-label": words }));
}

export function levelName(level) {
  return t(`level_${level}`).replace(/^level_/, "");
}
