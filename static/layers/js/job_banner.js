// What works in the background: a thin banner with progress while anything does.

import { activeJobs } from "./api.js";
import { clear, el } from "./dom.js";
import { onEvent } from "./events.js";
import { formatInteger } from "./format.js";
import { t } from "./text.js";

const NAMES = {
  routing_graph: "Preparing travel times",
  "coverage.analyse": "Analysing coverage",
  "coverage.sights": "Computing what cameras see",
  "coverage.plan": "Planning new sites",
  "coverage.sample_plan": "Planning new sites",
};

export function createJobBanner(node) {
  if (!node) return;
  let timer = 0;

  function show(jobs) {
    clear(node);
    node.hidden = jobs.length === 0;
    const [first, ...others] = [...jobs].sort((a, b) => (b.state === "running") - (a.state === "running"));
    if (!first) return;
    const title = NAMES[first.kind] ? t(NAMES[first.kind]) : t("Working in the background");
    const words = first.total > 1
      ? t("{title}: {done} of {total}", { title, done: formatInteger(first.done), total: formatInteger(first.total) })
      : title;
    const more = others.length ? el("span", { class: "job-more", text: t("+{n} waiting", { n: others.length }) }) : null;
    // A bar without a value moves: how much is left is not known.
    const bar = el("progress", { max: 1, "aria-label": words });
    if (first.total > 1) bar.value = first.done / first.total;
    node.append(el("div", { class: "job" }, el("div", { class: "job-line" }, el("span", { text: words }), more), bar));
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
