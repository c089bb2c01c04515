// One card an interval: median, 90 %, targets by mark and words, what was left out, and the way to its definition; a card chooses what is compared.

import { clear, el } from "./dom.js";
import { formatDuration, formatInteger, formatNumber } from "./format.js";
import { t } from "./text.js";

const percent = (share) => `${formatNumber(100 * share)} %`;

function targetLine(target, source) {
  if (target.share === null) return null;
  const met = target.target_share === null ? "none" : target.share >= target.target_share ? "yes" : "no";
  return el("span", { class: "line mark", dataset: { met } , text: `${source}: ${percent(target.share)} (n ${formatInteger(target.n)})` });
}

export function createReportCards(node, { onChoose }) {
  function show(report, chosen) {
    clear(node);
    for (const definition of report.definitions) {
      const figures = report.total[definition.key];
      if (!figures) continue;
      const left = Object.entries(figures.excluded).map(([reason, n]) => `${report.excluded_titles[reason] ?? reason} ${formatInteger(n)}`);
      const card = el("button", { type: "button", class: "report-card", "aria-pressed": String(definition.key === chosen) },
        el("span", { class: "name", text: definition.title }),
        el("span", { class: "value" }, figures.p50_s === null ? "–" : formatDuration(figures.p50_s), el("small", { text: ` ${t("median")}` })),
        el("span", { class: "line", text: figures.p90_s === null ? t("no case with both stamps") : t("90 % within {time}, n {n}", { time: formatDuration(figures.p90_s), n: formatInteger(figures.n) }) }),
        ...definition.targets.map((target) => figures.within[target.key] && targetLine(figures.within[target.key], target.source)),
        left.length ? el("span", { class: "line", text: t("left out: {list}", { list: left.join(", ") }) }) : null,
      );
      card.addEventListener("click", () => onChoose(definition.key));
      node.append(el("div", { class: "report-figure" }, card,
        el("a", { class: "report-meaning", href: `#def-${definition.key}`, "aria-label": t("{interval}: what it means", { interval: definition.title }), text: t("what it means") })));
    }
    if (!node.children.length) node.append(el("p", { class: "empty-state", text: t("Nothing was reported in this period.") }));
  }
  return { show };
}
