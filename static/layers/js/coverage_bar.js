// The run on the page: which one, what it was made of, a new one, and its numbers as files.

import { analyse, coverageRuns, repeatRun, runFile } from "./api_coverage.js";
import { createAnalysisJob } from "./coverage_job.js";
import { levelName } from "./coverage_shares.js";
import { clear, el } from "./dom.js";
import { formatTime } from "./format.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const FILES = [["xlsx", ""], ["csv", ""], ["gpkg", ""], ["geojson", "streets"], ["geojson", "gaps"], ["geojson", "areas"], ["geojson", "cameras"]];

export function createRunBar(node, { onRun, onWifi }) {
  const choice = node.querySelector("[data-run-choice]");
  const facts = node.querySelector("[data-run-facts]");
  const form = node.querySelector("[data-new-run]");
  const files = node.querySelector("[data-files]");
  const again = node.querySelector("[data-repeat]");
  let run = null;
  const job = createAnalysisJob(node.querySelector("[data-job]"), {
    mayCancel: Boolean(form),
    onDone: async (made) => {
      await onRun(made);
      toast(t("Analysis {n} is done.", { n: made }), "good");
    },
  });

  async function order(send) {
    const buttons = node.querySelectorAll("[data-new-run] button, [data-repeat]");
    for (const one of buttons) one.disabled = true;
    try {
      await job.follow(await send());
    } catch (error) {
      toast(error.message, "bad");
    } finally {
      for (const one of buttons) one.disabled = false;
    }
  }

  choice.addEventListener("change", () => onRun(Number(choice.value)));
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    form.closest("details").open = false;
    order(() => analyse({ area: form.elements.area.value || null, level: form.elements.level.value, profile: form.elements.profile.value || null }));
  });
  again?.addEventListener("click", () => run?.run && order(() => repeatRun(run.run)));

  return {
    job,
    orderWifi: (profile) => order(() => analyse({ subject: "wifi", profile })).then(onWifi),
    ask(level, area) {
      toast(t("No analysis at this image quality yet."), "info");
      if (!form) return;
      form.elements.level.value = level;
      form.elements.area.value = area;
      form.closest("details").open = true;
      form.querySelector("button").focus();
    },
    profiles(list) {
      if (form) clear(form.elements.profile).append(...list.map((one) => el("option", { value: one.is_default ? "" : one.name, text: one.name })));
    },
    async show(next) {
      run = next;
      const { runs } = await coverageRuns({ subject: "cameras", count: 60 });
      clear(choice);
      if (!runs.length) choice.append(el("option", { value: "", text: t("none yet") }));
      for (const one of runs) choice.append(el("option", { value: String(one.run), selected: one.run === run.run, text: `#${one.run} · ${formatTime(one.finished_at)} · ${levelName(one.level)} · ${one.area_name || t("whole city")}` }));
      choice.disabled = runs.length < 2;
      node.querySelector("[data-with-run]").hidden = !run.run;
      clear(facts);
      clear(files);
      if (!run.run) return;
      facts.append([levelName(run.level), run.area_name || t("whole city"), t("weights: {name}", { name: run.parameters.profile.name }), run.edition, run.repeats ? t("repeats #{n}", { n: run.repeats }) : ""].filter(Boolean).join(" · "));
      if (run.changed_since?.length || run.changed_meanwhile) facts.append(el("span", { class: "chip", "data-kind": "warn", text: run.changed_meanwhile ? t("data changed while it was made") : t("data changed since: {names}", { names: run.changed_since.map((name) => t(`input_${name}`)).join(", ") }) }));
      files.append(...FILES.map(([format, table]) => el("a", { class: "button", href: runFile(run.run, format, table), download: "", text: table ? `${format.toUpperCase()} · ${t(`table_${table}`)}` : format.toUpperCase() })));
    },
  };
}
