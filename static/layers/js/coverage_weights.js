// Demand profiles: what makes a street worth watching, changed and saved under a name.

import { deleteProfile, demandProfiles, saveProfile } from "./api_coverage.js";
import { confirmDialog } from "./dialog.js";
import { clear, el } from "./dom.js";
import { formatInteger } from "./format.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const NUMBERS = ["street_weight", "incident_weight", "population_weight", "place_weight", "kernel_m", "place_kernel_m", "half_life_days", "severity_exponent", "piece_m"];

export function createWeights(node, { onProfiles }) {
  const form = node.querySelector("form");
  const choice = node.querySelector("[data-profile-choice]");
  const incidents = node.querySelector("[data-incident-kinds]");
  const places = node.querySelector("[data-place-kinds]");
  const state = node.querySelector("[data-profile-state]");
  const may = node.dataset.may === "true";
  let profiles = [];
  let current = null;
  let dirty = false;

  function factor(list, kind, title, count, value) {
    list.append(el("label", { class: "factor" },
      el("span", {}, title, el("small", { text: formatInteger(count) })),
      el("input", { type: "number", min: "0", max: "1000", step: "any", value: String(value), "data-kind": kind, disabled: !may })));
  }

  function fill(profile) {
    current = profile;
    for (const name of NUMBERS) form.elements[name].value = String(profile[name]);
    form.elements.window_days.value = profile.window_days ?? "";
    form.elements.name.value = profile.name;
    form.elements.is_default.checked = profile.is_default;
    for (const [list, kinds, missing] of [[incidents, profile.incident_kinds, 1], [places, profile.place_kinds, Object.keys(profile.place_kinds).length ? 0 : 1]]) {
      for (const input of list.querySelectorAll("input")) input.value = String(kinds[input.dataset.kind] ?? missing);
    }
    node.querySelector("[data-delete]").hidden = !may || profile.is_default;
    dirty = false;
    say();
  }

  function say() {
    const named = form.elements.name.value.trim();
    const renamed = current && named !== current.name;
    state.textContent = !may ? t("Only planners change weights.") : renamed ? t("Will be saved as a new profile.") : dirty ? t("Changed, not saved yet.") : "";
  }

  function kindsOf(list, usual) {
    const found = {};
    for (const input of list.querySelectorAll("input")) found[input.dataset.kind] = Number(input.value);
    // Where all are as usual nothing is named, so that kinds that come later count too.
    return Object.values(found).every((value) => value === usual) ? {} : found;
  }

  function written() {
    const values = Object.fromEntries(NUMBERS.map((name) => [name, Number(form.elements[name].value)]));
    const name = form.elements.name.value.trim();
    const incidentKinds = Object.fromEntries(Object.entries(kindsOf(incidents, 1)).filter(([, value]) => value !== 1));
    return {
      ...values, name, window_days: form.elements.window_days.value === "" ? null : Number(form.elements.window_days.value),
      is_default: form.elements.is_default.checked, incident_kinds: incidentKinds, place_kinds: kindsOf(places, 1),
      version: name === current?.name ? current.version : null,
    };
  }

  function show(answer, chosen) {
    profiles = answer.profiles;
    clear(choice).append(...profiles.map((one) => el("option", { value: one.name, text: one.is_default ? `${one.name} · ${t("default")}` : one.name })));
    if (answer.incident_kinds) {
      clear(incidents);
      for (const kind of answer.incident_kinds) factor(incidents, kind.code, kind.name, kind.incidents, 1);
      clear(places);
      for (const kind of answer.place_kinds) factor(places, kind.code, t(`place_${kind.code}`).replace(/^place_/, ""), kind.places, 1);
    }
    const profile = profiles.find((one) => one.name === chosen) ?? profiles[0];
    if (profile) {
      choice.value = profile.name;
      fill(profile);
    }
    onProfiles(profiles);
  }

  form.addEventListener("input", (event) => {
    dirty = true;
    // A copy of the default is not the default, unless somebody says so.
    if (event.target === form.elements.name) form.elements.is_default.checked = current?.is_default && form.elements.name.value.trim() === current.name;
    say();
  });
  choice.addEventListener("change", () => fill(profiles.find((one) => one.name === choice.value)));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!may) return;
    try {
      const saved = await saveProfile(written());
      show(await demandProfiles(), saved.name);
      toast(t("Weights saved."), "good");
    } catch (error) {
      toast(error.message, "bad");
    }
  });
  node.querySelector("[data-delete]").addEventListener("click", async () => {
    const sure = await confirmDialog({ title: t("Delete these weights?"), message: t("Analyses made with them stay as they are."), confirm: t("Delete"), danger: true });
    if (!sure) return;
    try {
      await deleteProfile({ name: current.name, version: current.version });
      show(await demandProfiles());
    } catch (error) {
      toast(error.message, "bad");
    }
  });

  return { load: async () => show(await demandProfiles(), current?.name) };
}
