// Gaps, the worst first: where, which streets, how much; choosing one goes there.

import { clear, el } from "./dom.js";
import { formatInteger, formatMetres } from "./format.js";
import { t } from "./text.js";

const AT_FIRST = 25;

export function createGapList(node, { scene }, { onLevel }) {
  const list = node.querySelector("[data-gap-list]");
  const note = node.querySelector("[data-gap-note]");
  const choice = node.querySelector("[data-gap-area]");
  const levels = node.querySelector("[data-gap-level]");
  const more = node.querySelector("[data-gap-more]");
  const { L, map } = scene;
  let gaps = [];
  let area = "";
  let level = "";
  let most = AT_FIRST;
  let mark = null;

  function go(gap, row) {
    for (const other of list.querySelectorAll("[aria-pressed='true']")) other.setAttribute("aria-pressed", "false");
    row.setAttribute("aria-pressed", "true");
    list.querySelector(".plan-here")?.remove();
    // Whoever may plan goes on from here.
    if (gap.area && document.querySelector("nav a[href='/planning/'][data-may-plan]")) {
      row.after(el("a", { class: "button plan-here", href: `/planning/?area=${encodeURIComponent(gap.area)}${location.hash}`, text: t("Plan here") }));
    }
    mark?.remove();
    mark = L.circleMarker([gap.lat, gap.lon], { radius: 14, className: "search-mark", interactive: false, renderer: L.svg() }).addTo(map);
    map.setView([gap.lat, gap.lon], Math.max(map.getZoom(), 17));
  }

  const inside = (gap) => !area || (gap.area ?? "").startsWith(area);

  function draw() {
    clear(list);
    const found = gaps.filter(inside);
    const shown = found.slice(0, most);
    note.textContent = t("{n} of {all} gaps · {metres} of street · {demand} demand", {
      n: formatInteger(shown.length), all: formatInteger(found.length),
      metres: formatMetres(found.reduce((sum, gap) => sum + gap.street_uncovered_m, 0)),
      demand: formatInteger(found.reduce((sum, gap) => sum + gap.demand_uncovered, 0)),
    });
    const worst = gaps[0]?.demand_uncovered || 1;
    for (const gap of shown) {
      const streets = gap.streets?.length ? gap.streets : [gap.street || t("unnamed street")];
      const row = el("button", { type: "button", class: "rank-row", "aria-pressed": "false" },
        el("span", { class: "rank", text: String(gap.rank) }),
        el("span", { class: "where" }, streets[0], el("small", { text: [streets.slice(1, 3).join(", "), gap.area_name].filter(Boolean).join(" · ") })),
        el("span", { class: "amount" }, formatInteger(gap.demand_uncovered), el("small", { text: formatMetres(gap.street_uncovered_m) })),
        el("progress", { class: "meter under", max: "1", value: String(gap.demand_uncovered / worst), "aria-hidden": "true" }),
      );
      row.addEventListener("click", () => go(gap, row));
      list.append(el("li", {}, row));
    }
    if (!shown.length) list.append(el("li", { class: "empty-state", text: t("No gaps to show.") }));
    more.hidden = found.length <= shown.length;
  }

  choice.addEventListener("change", () => {
    area = choice.value;
    most = AT_FIRST;
    draw();
    const boxes = gaps.filter(inside).map((gap) => gap.box).filter(Boolean);
    if (!area || !boxes.length) return;
    map.fitBounds(boxes.reduce((all, [west, south, east, north]) => all.extend([[south, west], [north, east]]), L.latLngBounds([])), { maxZoom: 16, padding: [30, 30] });
  });
  levels.addEventListener("change", async () => {
    // Where no run of that level is found, the choice goes back to what is shown.
    if (!(await onLevel(levels.value))) levels.value = level;
  });
  more.addEventListener("click", () => {
    most += 4 * AT_FIRST;
    draw();
  });

  return {
    show(run) {
      gaps = run.gaps ?? [];
      level = run.level ?? levels.value;
      levels.value = level;
      most = AT_FIRST;
      draw();
    },
    filter(code) {
      choice.value = code;
      choice.dispatchEvent(new Event("change"));
    },
  };
}
