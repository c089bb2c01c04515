// What is seen: the headline, every level, what PTZ cameras could reach, and who does not count.

import { clear, el } from "./dom.js";
import { formatInteger, formatMetres } from "./format.js";
import { formatGround, levelName, meterCell, orderedLevels, percent, share } from "./coverage_shares.js";
import { t } from "./text.js";

const fact = (name, value) => el("div", { class: "field" }, el("dt", { text: name }), el("dd", { text: value }));

export function createCoverageFigures(node) {
  const body = node.querySelector("[data-figures]");

  function headline(run) {
    const seen = share(run.demand_covered[run.level], run.demand);
    return el("div", { class: "headline" },
      el("p", { class: "headline-number", text: percent(seen) }),
      el("p", { class: "headline-words", text: t("of demand is seen well enough to {level}", { level: levelName(run.level) }) }),
      el("p", { class: "console-note", text: t("{street} of {all} street · {ground} of ground · streets of {people} people", {
        street: formatMetres(run.street_covered_m[run.level]), all: formatMetres(run.street_m),
        ground: formatGround(run.visible_m2[run.level]), people: formatInteger(run.people_covered?.[run.level] ?? 0),
      }) }));
  }

  function levels(run) {
    const rows = orderedLevels(run).map((level) =>
      el("tr", { "aria-current": level === run.level ? "true" : null },
        el("th", { scope: "row" }, el("span", { class: `level-key is-${level}` }), levelName(level)),
        meterCell(share(run.demand_covered[level], run.demand), `${levelName(level)}, ${t("demand")}`),
        meterCell(share(run.street_covered_m[level], run.street_m), `${levelName(level)}, ${t("street")}`),
        meterCell(share(run.visible_m2[level], run.area_m2), `${levelName(level)}, ${t("ground")}`)));
    return el("table", { class: "table is-tight" },
      el("caption", { class: "visually-hidden", text: t("Seen, by image quality") }),
      el("thead", {}, el("tr", {}, [t("Image quality"), t("Demand"), t("Street"), t("Ground")].map((text, place) => el("th", { scope: "col", class: place ? "number" : "", text })))),
      el("tbody", {}, rows));
  }

  function turning(run) {
    const now = share(run.demand_covered[run.level], run.demand);
    const reach = share(run.reachable.demand_covered[run.level], run.demand);
    return [
      el("h3", { text: t("PTZ: now, and what they could turn to") }),
      el("dl", { class: "fields" },
        fact(t("watched now"), `${percent(now)} · ${formatMetres(run.street_covered_m[run.level])}`),
        fact(t("within reach"), `${percent(reach)} · ${formatMetres(run.reachable.street_covered_m[run.level])}`),
        fact(t("PTZ cameras counted"), formatInteger((run.turning ?? 0) + (run.reach_only ?? 0)))),
    ];
  }

  function counted(run) {
    const guessed = Object.values(run.assumed ?? {});
    const left = run.excluded.length;
    return [
      el("h3", { text: t("Cameras") }),
      el("dl", { class: "fields" }, fact(t("counted"), formatInteger(run.cameras)), fact(t("left out"), formatInteger(left)),
        guessed.length ? fact(t("with an assumed value"), formatInteger(Math.max(...guessed))) : null),
      left ? el("details", {},
        el("summary", { text: t("Left out, and why") }),
        el("ul", { class: "left-out" }, run.excluded.slice(0, 200).map((item) =>
          el("li", {}, el("span", { text: item.code }), el("span", { text: t(`reason_${item.reason}`).replace(/^reason_/, "") }))))) : null,
      el("p", { class: "console-note", text: t("Ground taken as flat, trees not known.") }),
    ];
  }

  return {
    show(run) {
      clear(body);
      if (!run.run) {
        body.append(el("p", { class: "empty-state", text: t("No analysis yet. Start one above.") }));
        return;
      }
      body.append(...[headline(run), levels(run), ...turning(run), ...counted(run)].filter(Boolean));
    },
  };
}
