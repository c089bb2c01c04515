// Shares by area: kecamatan or kelurahan, by any measure and level, worst or best first.

import { clear, el } from "./dom.js";
import { formatInteger } from "./format.js";
import { levelName, MEASURES, meterCell, orderedLevels, share } from "./coverage_shares.js";
import { t } from "./text.js";

const ORDER = ["kelurahan", "kecamatan", "kota"];

export function createAreaTable(node, { columns, onArea = null }) {
  let run = null;
  let kind = "";
  let level = "";
  let sorted = { by: columns[0], down: false };

  function choice(label, options, value, onChange) {
    const select = el("select", { "aria-label": label }, options.map(([key, text]) => el("option", { value: key, text, selected: key === value })));
    select.addEventListener("change", () => {
      onChange(select.value);
      draw();
    });
    return select;
  }

  function value(row, by) {
    if (by === "name") return row.name;
    if (by === "cameras") return row.cameras;
    const measure = MEASURES[by];
    return share(row.by_level?.[level]?.[measure.part] ?? 0, row[measure.whole]) ?? -1;
  }

  function head(by, text, place) {
    const here = sorted.by === by;
    const title = el("button", { type: "button", class: "sort-button", text, onclick: () => {
      sorted = { by, down: here ? !sorted.down : by === "cameras" };
      draw();
    } });
    return el("th", { scope: "col", class: place ? "number" : "", "aria-sort": here ? (sorted.down ? "descending" : "ascending") : "none" }, title);
  }

  function draw() {
    const focused = node.contains(document.activeElement) ? document.activeElement.textContent : "";
    clear(node);
    if (!run?.run || !run.areas.length) return;
    const kinds = ORDER.filter((one) => run.areas.some((area) => area.level === one));
    if (!kinds.includes(kind)) kind = kinds[0];
    const levels = orderedLevels(run);
    if (!levels.includes(level)) level = run.level;
    const rows = run.areas.filter((area) => area.level === kind).sort((a, b) => {
      const [x, y] = [value(a, sorted.by), value(b, sorted.by)];
      const order = typeof x === "string" ? x.localeCompare(y) : x - y;
      return (sorted.down ? -order : order) || a.code.localeCompare(b.code);
    });
    node.append(
      el("div", { class: "console-row" },
        choice(t("Areas"), kinds.map((one) => [one, t(`area_${one}`)]), kind, (next) => (kind = next)),
        levels.length > 1 ? choice(t("Image quality"), levels.map((one) => [one, levelName(one)]), level, (next) => (level = next)) : null),
      el("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": t("Coverage by area") },
        el("table", { class: "table is-tight" },
          el("thead", {}, el("tr", {}, head("name", t("Area"), 0), ...columns.map((by) => head(by, t(MEASURES[by].head), 1)), head("cameras", t("Count"), 1))),
          el("tbody", {}, rows.map((area) =>
            el("tr", {},
              el("th", { scope: "row" }, onArea ? el("button", { type: "button", class: "row-button", text: area.name, onclick: () => onArea(area.code) }) : area.name),
              ...columns.map((by) => meterCell(share(area.by_level?.[level]?.[MEASURES[by].part] ?? 0, area[MEASURES[by].whole]), `${area.name}, ${t(MEASURES[by].title)}`)),
              el("td", { class: "number", text: formatInteger(area.cameras) })))))));
    if (focused) [...node.querySelectorAll(".sort-button")].find((one) => one.textContent === focused)?.focus();
  }

  return {
    show(next) {
      run = next;
      draw();
    },
  };
}
