// Gaps, the worst first; choosing one goes there.

import { clear, el } from "./dom.js";
import { formatInteger, formatMetres } from "./format.js";
import { t } from "./text.js";

const AT_FIRST = 25;

export function createGapList(node, { scene }) {
  const list = node.querySelector("[data-gap-list]");
  const note = node.querySelector("[data-gap-note]");
  const { L, map } = scene;
  let gaps = [];
  let area = "";
  let mark = null;

  function go(gap, row) {
    for (const other of list.querySelectorAll("[aria-pressed='true']")) other.setAttribute("aria-pressed", "false");
    row.setAttribute("aria-pressed", "true");
    mark?.remove();
    mark = L.circleMarker([gap.lat, gap.lon], { radius: 14, className: "search-mark", interactive: false, renderer: L.svg() }).addTo(map);
    map.setView([gap.lat, gap.lon], Math.max(map.getZoom(), 17));
  }

  function draw() {
    clear(list);
    const shown = gaps.filter((gap) => !area || (gap.area ?? "").startsWith(area)).slice(0, AT_FIRST * (area ? 4 : 1));
    note.textContent = area
      ? t("{n} gaps in {area}", { n: formatInteger(shown.length), area: shown[0]?.area_name ?? area })
      : t("The {n} worst of {all}", { n: formatInteger(shown.length), all: formatInteger(gaps.length) });
    for (const gap of shown) {
      const row = el("button", { type: "button", class: "rank-row", "aria-pressed": "false" },
        el("span", { class: "rank", text: String(gap.rank) }),
        el("span", { class: "where" }, gap.street || t("unnamed street"), el("small", { text: gap.area_name })),
        el("span", { class: "amount" }, formatInteger(gap.demand_uncovered), el("small", { text: formatMetres(gap.street_uncovered_m) })),
      );
      row.addEventListener("click", () => go(gap, row));
      list.append(el("li", {}, row));
    }
    if (!shown.length) list.append(el("li", { class: "empty-state", text: t("No gaps to show.") }));
  }

  return {
    show(found) {
      gaps = found;
      draw();
    },
    filter(code) {
      area = area === code ? "" : code;
      draw();
      node.scrollIntoView({ block: "start" });
    },
  };
}
