// Plans, the newest first, with how far each is.

import { clear, el } from "./dom.js";
import { formatInteger, formatRupiah } from "./format.js";
import { t } from "./text.js";

export function progressWords(plan) {
  if (plan.state === "sent") {
    const all = plan.sites + plan.refused + plan.turns;
    return t("{n} of {all} reviewed", { n: formatInteger(all - plan.pending - plan.turns_pending), all: formatInteger(all) });
  }
  if (plan.state === "approved" || plan.state === "installed") return t("{n} of {all} in service", { n: formatInteger(plan.confirmed), all: formatInteger(plan.sites) });
  return [t("{n} sites", { n: formatInteger(plan.sites) }), plan.turns ? t("{n} turned", { n: formatInteger(plan.turns) }) : ""].filter(Boolean).join(" · ");
}

export function createPlanList(node, desk) {
  const list = node.querySelector("[data-plan-list]");
  return {
    fill(plans) {
      clear(list);
      for (const plan of plans) {
        const row = el("button", { type: "button", class: "rank-row plan-row", onclick: () => desk.open("plan", plan.plan) },
          el("span", { class: "rank", text: String(plan.plan) }),
          el("span", { class: "where" }, plan.name, el("small", { text: [plan.area_name, plan.created_by].filter(Boolean).join(" · ") })),
          el("span", { class: "amount" }, formatRupiah(plan.cost_idr), el("small", { text: progressWords(plan) })),
          el("span", { class: "under" }, el("span", { class: "chip", dataset: { value: plan.state, kind: chipKind(plan.state) }, text: plan.state_name })),
        );
        list.append(el("li", {}, row));
      }
      if (!plans.length) list.append(el("li", { class: "empty-state", text: desk.may.plan ? t("No plan yet. Make the first one.") : t("No plan was sent to you yet.") }));
    },
  };
}

export function chipKind(state) {
  return { approved: "good", installed: "good", endorsed: "good", rejected: "bad", refused: "bad", declined: "bad", withdrawn: "bad", draft: "info", sent: "warn", pending: "warn", moved: "good" }[state] ?? "info";
}
