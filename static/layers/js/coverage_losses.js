// Redundancy: how much hangs on one camera only, and what is lost if a camera, site or hotspot fails.

import { runLosses } from "./api_coverage.js";
import { clear, el } from "./dom.js";
import { formatInteger, formatMetres } from "./format.js";
import { percent, share } from "./coverage_shares.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const COUNT = 50;
const SHADES = ["none", "one", "more"];

export function seenByBar(run) {
  const parts = run.seen_by.demand;
  const whole = SHADES.reduce((sum, name) => sum + parts[name], 0);
  const row = (name) => el("div", { class: "field" },
    el("dt", {}, el("span", { class: `seen-key is-${name}`, "aria-hidden": "true" }), t(`seen_by_${name}`)),
    el("dd", { text: `${percent(share(parts[name], whole))} · ${formatMetres(run.seen_by.street_m[name])}` }));
  return el("dl", { class: "fields" }, SHADES.map(row));
}

export function createLosses(node, { scene }, { kinds }) {
  const { L, map } = scene;
  const body = node.querySelector("[data-losses]");
  let run = null;
  let kind = kinds[0];
  let turn = 0;
  let mark = null;

  function go(loss, row) {
    for (const other of body.querySelectorAll("[aria-pressed='true']")) other.setAttribute("aria-pressed", "false");
    row.setAttribute("aria-pressed", "true");
    mark?.remove();
    mark = L.circleMarker([loss.lat, loss.lon], { radius: 16, className: "search-mark", interactive: false, renderer: L.svg() }).addTo(map);
    map.setView([loss.lat, loss.lon], Math.max(map.getZoom(), 17));
  }

  function list(answer) {
    const worst = answer.losses[0]?.lost_demand || 1;
    return el("ol", { class: "rank-list" }, answer.losses.map((loss) => {
      const row = el("button", { type: "button", class: "rank-row", "aria-pressed": "false" },
        el("span", { class: "rank", text: String(loss.rank) }),
        el("span", { class: "where" }, loss.name || loss.code, el("small", { text: [loss.code, answer.kind === "site" ? t("{n} cameras", { n: formatInteger(loss.cameras) }) : loss.site_code].filter(Boolean).join(" · ") })),
        el("span", { class: "amount" }, formatInteger(loss.lost_demand), el("small", { text: formatMetres(loss.lost_street_m) })),
        el("progress", { class: "meter under", max: "1", value: String(loss.lost_demand / worst), "aria-hidden": "true" }));
      row.addEventListener("click", () => go(loss, row));
      return el("li", {}, row);
    }));
  }

  async function draw() {
    const mine = ++turn;
    if (!run?.run) return clear(body);
    let answer;
    try {
      answer = await runLosses(run.run, kind, COUNT);
    } catch (error) {
      if (mine === turn) toast(error.message, "bad");
      return undefined;
    }
    if (mine !== turn) return undefined;
    return clear(body).append(
      seenByBar(run),
      kinds.length > 1 ? el("fieldset", { class: "segments" }, el("legend", { class: "visually-hidden", text: t("What fails") }),
        kinds.map((one) => {
          const input = el("input", { type: "radio", name: "loss-kind", value: one, checked: one === kind });
          input.addEventListener("change", () => {
            kind = one;
            draw().then(() => body.querySelector(`input[value='${one}']`)?.focus());
          });
          return el("label", {}, input, t(`loss_${one}`));
        })) : null,
      el("p", { class: "console-note", text: t("{spare} of {all} can fail without a metre lost; {idle} see no street.", { spare: formatInteger(answer.spare), all: formatInteger(answer.all), idle: formatInteger(answer.idle) }) }),
      answer.losses.length ? list(answer) : el("p", { class: "empty-state", text: t("Nothing to lose: nothing is seen.") }));
  }

  return {
    show(next) {
      run = next;
      mark?.remove();
      return draw();
    },
  };
}
