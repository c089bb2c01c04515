// An analysis on its way: what is done, how much time is left, and a way to stop it.

import { activeAnalyses, cancelJob, jobState } from "./api_coverage.js";
import { button, clear, el } from "./dom.js";
import { formatDuration, formatInteger } from "./format.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const PAUSE_MS = 700;

export function createAnalysisJob(node, { onDone, mayCancel }) {
  let followed = 0;

  function words(job) {
    if (job.cancel_requested) return t("Stopping");
    if (job.state === "queued") return t("Waiting for a worker");
    if (!job.total) return t("Cutting streets into pieces");
    if (job.done >= job.total) return t("Bringing the tiles together");
    return t("Tile {done} of {total}", { done: formatInteger(job.done), total: formatInteger(job.total) });
  }

  function show(job) {
    node.hidden = false;
    let bar = node.querySelector("progress");
    if (!bar || Number(node.dataset.job) !== job.id) {
      bar = el("progress", { max: "1", "aria-label": t("Analysis") });
      const stop = mayCancel ? button(t("Cancel"), { class: "button", "data-cancel": true, onclick: () => stopJob(job.id) }) : null;
      clear(node).append(el("div", { class: "job-words" }, el("strong", { "data-step": true }), el("span", { "data-left": true })), bar, stop);
      node.dataset.job = String(job.id);
    }
    node.querySelector("[data-step]").textContent = words(job);
    // Under a second left is no time to read it.
    node.querySelector("[data-left]").textContent = job.remaining_s >= 1 ? t("about {time} left", { time: formatDuration(job.remaining_s) }) : "";
    // Without a value the bar moves: how much is left is not known yet.
    if (job.total) bar.value = job.done / job.total;
    else bar.removeAttribute("value");
  }

  async function stopJob(id) {
    try {
      show(await cancelJob(id));
    } catch (error) {
      toast(error.message, "bad");
    }
  }

  async function follow(first) {
    if (followed === first.id) return;
    followed = first.id;
    let job = first;
    try {
      while (job.state === "queued" || job.state === "running") {
        show(job);
        await new Promise((wait) => setTimeout(wait, PAUSE_MS));
        job = await jobState(job.id);
      }
      if (job.state === "done") await onDone(job.result.run);
      else if (job.state === "cancelled") toast(t("The analysis was stopped; nothing was stored."), "info");
      else toast(job.error.split("\n")[0] || t("The analysis did not finish."), "bad");
    } catch (error) {
      toast(error.message, "bad");
    } finally {
      followed = 0;
      node.hidden = true;
      clear(node);
      delete node.dataset.job;
    }
  }

  return {
    follow,
    // What somebody else, or this page before it was left, has begun.
    async resume() {
      const [job] = await activeAnalyses();
      if (job) follow(job);
    },
  };
}
