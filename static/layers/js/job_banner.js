// What works in the background: a thin banner with progress while anything does.

import { activeJobs } from "./api.js";
import { clear, el } from "./dom.js";
import { onEvent } from "./events.js";
import { formatInteger } from "./format.js";
import { t } from "./text.js";

export function createJobBanner(node) {
  if (!node) return;
  let timer = 0;

  function show(jobs) {
    clear(node);
    node.hidden = jobs.length === 0;
    for (const job of jobs.slice(0, 3)) {
      const share = job.total ? job.done / job.total : 0;
      const title = job.message || t("Working in the background");
      const words = job.total > 1
        ? t("{title}: {done} of {total}", { title, done: formatInteger(job.done), total: formatInteger(job.total) })
        : title;
      node.append(el("div", { class: "job" }, el("span", { text: words }), el("progress", { max: 1, value: share, "aria-label": words })));
    }
  }

  async function refresh() {
    clearTimeout(timer);
    try {
      const { jobs } = await activeJobs();
      show(jobs);
      if (jobs.length) timer = setTimeout(refresh, 3000);
    } catch {
      show([]);
    }
  }

  onEvent("*", (_data, kind) => kind.startsWith("job") && refresh());
  refresh();
}
