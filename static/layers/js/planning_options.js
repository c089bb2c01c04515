// What a new plan is asked for: its goal and limits, second views, existing cameras, distances, prices.

import { formatInteger, formatNumber, formatRupiah } from "./format.js";
import { t } from "./text.js";

const NUMBERS = ["min_distance_m", "site_distance_m", "cameras_per_site", "mount_height_m", "site_cost_idr", "site_yearly_cost_idr", "camera_cost_idr", "re_aim_cost_idr", "most_candidates"];

export function createPlanOptions(form) {
  const field = form.elements;
  const money = form.querySelector("[data-budget-words]");
  const without = money.textContent;
  const existing = form.querySelector("[data-existing-words]");
  const second = form.querySelector("[data-backup-words]");
  const secondWords = second.textContent;
  const goal = () => field.goal.value;

  const budget = () => {
    const digits = field.budget.value.replace(/\D/g, "");
    return digits ? Number(digits) : null;
  };

  function sayMoney() {
    const value = budget();
    money.textContent = value === null ? without : value >= 1e9 ? t("{n} billion rupiah", { n: formatNumber(value / 1e9) }) : formatRupiah(value);
  }

  // Only what goes together can be chosen together.
  function fit() {
    for (const part of form.querySelectorAll("[data-goal]")) part.hidden = part.dataset.goal !== goal();
    field.share.required = goal() === "fewest";
    const changed = field.existing.value !== "";
    existing.hidden = !changed;
    field.backup.disabled = changed || goal() === "fewest";
    second.textContent = goal() === "fewest" ? t("Not counted when the fewest sites are sought") : changed ? t("Not counted while existing cameras may change") : secondWords;
  }

  field.budget.addEventListener("input", sayMoney);
  field.budget.addEventListener("blur", () => {
    const value = budget();
    if (value !== null) field.budget.value = formatInteger(value);
  });
  for (const choice of form.querySelectorAll("[name='goal'], [name='existing']")) choice.addEventListener("change", fit);
  fit();

  const number = (name) => (field[name].value === "" ? null : Number(field[name].value));
  return {
    value() {
      const fewest = goal() === "fewest";
      const step = Number(field.headings.value);
      const named = [...form.querySelectorAll("[name='model']:checked")].map((one) => one.value);
      return {
        sites: fewest ? null : number("sites"),
        budget_idr: fewest ? null : budget(),
        share: fewest && number("share") !== null ? number("share") / 100 : null,
        re_aim: field.existing.value !== "",
        swap: field.existing.value === "swap",
        re_aim_least_share: number("re_aim_least") === null ? null : number("re_aim_least") / 100,
        backup_share: field.backup.disabled ? 0 : Number(field.backup.value),
        corners: !field.only_given.checked,
        headings_deg: Array.from({ length: 360 / step }, (_, place) => place * step),
        models: named,
        gap: Number(field.gap.value),
        ...Object.fromEntries(NUMBERS.map((name) => [name, number(name)])),
      };
    },
  };
}
