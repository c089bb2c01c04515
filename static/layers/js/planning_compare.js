// Two plans side by side: money, demand, kelurahan and streets won and lost, in tables and on the map.

import { plansCompared } from "./api_planning.js";
import { clear, el } from "./dom.js";
import { formatInteger } from "./format.js";
import { createCompareMap } from "./planning_compare_map.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const signed = (value, write) => (Math.abs(value) < 0.5 ? "=" : `${value > 0 ? "+" : "−"}${write(Math.abs(value))}`);

export function createPlanCompare(node, desk) {
  const first = node.querySelector("[name='first']");
  const second = node.querySelector("[name='second']");
  const body = node.querySelector("[data-compared]");
  const drawn = createCompareMap(node, desk);
  let turn = 0;

  function table(caption, heads, rows) {
    return el("div", { class: "table-wrap", tabindex: "0", role: "region", "aria-label": caption },
      el("table", { class: "table" }, el("caption", { class: "visually-hidden", text: caption }),
        el("thead", {}, el("tr", {}, heads.map((text, place) => el("th", { scope: "col", class: place ? "number" : "", text })))),
        el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((text, place) => (place ? el("td", { class: "number", text }) : el("th", { scope: "row", text }))))))));
  }

  async function compare() {
    clear(body);
    drawn.clear();
    if (!first.value || !second.value || first.value === second.value) {
      body.append(el("p", { class: "empty-state", text: t("Choose two different plans.") }));
      return;
    }
    const mine = ++turn;
    try {
      const { plans: [a, b], areas, streets } = await plansCompared(first.value, second.value);
      if (mine !== turn) return;
      drawn.show(a, b, areas);
      const line = (name, key, write) => [name, write(a[key]), write(b[key]), signed(b[key] - a[key], write)];
      const heads = [t("What"), a.name, b.name, t("Difference")];
      body.append(
        table(t("Both plans"), heads, [
          line(t("sites"), "standing", formatInteger), line(t("cameras"), "cameras", formatInteger),
          line(`${t("purchase")} (Rp)`, "cost_idr", formatInteger), line(`${t("a year")} (Rp)`, "yearly_cost_idr", formatInteger),
          line(t("demand gained"), "gain", formatInteger)]),
        el("h3", { text: t("Kelurahan won and lost") }),
        table(t("Kelurahan won and lost"), [t("Area"), ...heads.slice(1)], areas.map((row) => [row.name, formatInteger(row.gain[0]), formatInteger(row.gain[1]), signed(row.difference, formatInteger)])),
        el("h3", { text: t("Streets") }),
        table(t("Streets"), [t("Street"), ...heads.slice(1)], streets.slice(0, 200).map((row) => [row.name, formatInteger(row.gain[0]), formatInteger(row.gain[1]), signed(row.difference, formatInteger)])),
      );
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  for (const choice of [first, second]) choice.addEventListener("change", compare);
  return {
    show: compare,
    leave: drawn.clear,
    fill(plans) {
      for (const [place, choice] of [first, second].entries()) {
        const held = choice.value;
        clear(choice).append(...plans.map((plan) => el("option", { value: plan.plan, text: `${plan.plan} · ${plan.name}` })));
        choice.value = held || String(plans[place]?.plan ?? "");
      }
    },
  };
}
