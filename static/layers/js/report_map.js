// Kelurahan coloured by the 90th percentile of the chosen interval, with a legend in words.

import { areaOutlines } from "./api_reports.js";
import { clear, el } from "./dom.js";
import { formatDuration, formatInteger } from "./format.js";
import { t } from "./text.js";
import { onThemeChange, currentTheme } from "./theme.js";

const COLOURS = {
  dark: ["#2f6f86", "#4f9a94", "#8bbf86", "#e3c565", "#e0835a"],
  light: ["#c8e2ea", "#9dcbbf", "#8fb878", "#dba83c", "#c2552b"],
};

// Classes of equal size: five groups with as many kelurahan in each.
function limitsOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const limits = [1, 2, 3, 4].map((part) => sorted[Math.min(sorted.length - 1, Math.floor((part * sorted.length) / 5))]);
  return [...new Set(limits)];
}

export function createReportMap({ L, map }) {
  const renderer = L.svg();
  const legend = el("div", { class: "panel report-legend", hidden: true });
  map.getContainer().parentElement.append(legend);
  let outlines = null;
  let drawn = null;
  let shown = null;

  async function show(groups, key, definition) {
    shown = { groups, key, definition };
    outlines ??= await areaOutlines("kelurahan");
    draw();
  }

  function draw() {
    drawn?.remove();
    drawn = null;
    legend.hidden = true;
    if (!shown) return;
    const figures = new Map(shown.groups.map((group) => [group.key, group.intervals[shown.key]]));
    const values = [...figures.values()].map((one) => one?.p90_s).filter((value) => value !== null && value !== undefined);
    if (!values.length) return;
    const limits = limitsOf(values);
    const colours = COLOURS[currentTheme()] ?? COLOURS.dark;
    const colourOf = (value) => colours[limits.filter((limit) => value > limit).length];
    drawn = L.geoJSON(outlines, {
      renderer,
      style: ({ id }) => {
        const value = figures.get(id)?.p90_s ?? null;
        return { renderer, color: currentTheme() === "dark" ? "#0d1217" : "#ffffff", weight: 1, fillColor: value === null ? "#7a8793" : colourOf(value), fillOpacity: value === null ? 0.12 : 0.72 };
      },
      onEachFeature: (feature, layer) => {
        const found = figures.get(feature.id);
        const words = found && found.p90_s !== null
          ? t("{name}: median {p50}, 90 % within {p90}, n {n}", { name: feature.properties.name, p50: formatDuration(found.p50_s), p90: formatDuration(found.p90_s), n: formatInteger(found.n) })
          : t("{name}: no case", { name: feature.properties.name });
        layer.bindTooltip(el("span", { text: words }), { sticky: true });
      },
    }).addTo(map);
    clear(legend);
    legend.append(el("b", { text: t("{interval}: 90 % within", { interval: shown.definition.title }) }));
    const edges = [Math.min(...values), ...limits, Math.max(...values)];
    legend.append(el("ul", {}, colours.slice(0, limits.length + 1).map((colour, place) => {
      const swatch = el("span", { class: "swatch" });
      swatch.style.background = colour;
      return el("li", {}, swatch, `${formatDuration(edges[place])} – ${formatDuration(edges[place + 1])}`);
    })));
    legend.hidden = false;
  }

  onThemeChange(draw);
  return { show, hide: () => { shown = null; draw(); } };
}
