// A new plan: what is asked for, points and zones, requests; then the job with its bar until the plan is there.

import { jobCancel, jobState, planJobs, planOrder } from "./api_planning.js";
import { clear, el } from "./dom.js";
import { formatDuration, formatInteger } from "./format.js";
import { createDrawing } from "./planning_draw.js";
import { createPlanOptions } from "./planning_options.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

// What the planner's lines say, in the reader's words.
export function jobWords(message) {
  const numbers = (message.match(/[\d,]+(?:\.\d+)?/g) ?? []).map((text) => Number(text.replaceAll(",", "")));
  const [a, b, c] = numbers.map((value) => formatInteger(value));
  if (message.startsWith("gain ")) return t("gain {a} of at most {b}", { a, b });
  if (/ of .* candidates$/.test(message)) return t("sight lines from {a} of {b} candidates", { a, b });
  if (message.startsWith("sight lines")) return t("sight lines from {a} candidates to {b} street pieces", { a, b });
  if (/ candidates, /.test(message)) return t("{a} candidates, {b} cameras, {c} street pieces", { a, b, c });
  return t("preparing streets and demand");
}

export function createNewPlan(node, desk) {
  const form = node.querySelector("form");
  const submit = form.querySelector("[type='submit']");
  const running = node.querySelector("[data-running]");
  const bar = running.querySelector("progress");
  const words = running.querySelector("[data-job-words]");
  const requests = node.querySelector("[data-request-choices]");
  const stop = running.querySelector("[data-job-cancel]");
  const drawing = createDrawing(node, desk);
  const options = createPlanOptions(form);
  let job = null;

  function chosenRequests(kind) {
    return [...requests.querySelectorAll("select")].filter((one) => one.value === kind).map((one) => Number(one.dataset.request));
  }

  async function follow(id) {
    running.hidden = false;
    submit.disabled = true;
    running.scrollIntoView({ block: "nearest" });
    try {
      for (;;) {
        job = await jobState(id);
        bar.value = job.total ? job.done / job.total : 0;
        const left = job.remaining_s >= 1 ? ` · ${t("about {time} left", { time: formatDuration(job.remaining_s) })}` : "";
        // Once it searches there is a plan to keep.
        stop.textContent = job.cancel_requested ? t("Stopping…") : job.message?.startsWith("gain ") ? t("Stop and keep the best found") : t("Call it off");
        stop.disabled = Boolean(job.cancel_requested);
        words.textContent = (job.state === "queued" ? t("waiting for a worker") : jobWords(job.message ?? "")) + left;
        if (job.state === "done") {
          await desk.refresh();
          drawing.clear();
          await desk.open("plan", job.result.plan);
          return;
        }
        if (job.state === "cancelled") {
          const kept = job.result?.plan;
          toast(kept ? t("Stopped early: the best plan found until then is kept, with its bound.") : t("The plan was called off; nothing was stored."), "warn");
          if (!kept) return;
          await desk.refresh();
          drawing.clear();
          await desk.open("plan", kept);
          return;
        }
        if (job.state === "failed") {
          // A refusal is one line in the reader's words; anything longer is for the log.
          const lines = job.error.split("\n").filter(Boolean);
          throw new Error(lines.length === 1 ? lines[0] : t("The plan did not finish."));
        }
        await new Promise((wait) => setTimeout(wait, 800));
      }
    } catch (error) {
      toast(error.message, "bad");
    } finally {
      running.hidden = true;
      submit.disabled = false;
      job = null;
    }
  }

  stop.addEventListener("click", () => job && jobCancel(job.id).catch((error) => toast(error.message, "bad")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    try {
      const made = await planOrder({
        name: form.elements.name.value, ...options.value(), area: form.elements.area.value || null,
        level: form.elements.level.value, profile: form.elements.profile.value || null,
        time_limit_s: Number(form.elements.time_limit.value), ...drawing.value(),
        requests_required: chosenRequests("required"), requests_extra: chosenRequests("extra"),
      });
      await follow(made.id);
    } catch (error) {
      submit.disabled = false;
      toast(error.message, "bad");
    }
  });

  return {
    show(given) {
      drawing.show();
      if (given?.area) form.elements.area.value = given.area;
      if (!job) planJobs().then(([mine]) => mine && !job && follow(mine.id)).catch(() => {});
    },
    leave() {
      drawing.hide();
      const off = node.querySelector("input[name='draw-mode'][value='']");
      off.checked = true;
      off.dispatchEvent(new Event("change"));
    },
    fillRequests(rows) {
      const open = rows.filter((row) => row.state === "new");
      clear(requests);
      for (const row of open) {
        const name = `${row.requester}: ${row.reason}`;
        const choice = el("select", { dataset: { request: row.request }, "aria-label": name },
          el("option", { value: "", text: t("leave out") }), el("option", { value: "extra", text: t("may") }), el("option", { value: "required", text: t("must") }));
        requests.append(el("li", {}, el("span", {}, row.requester, el("small", { text: row.reason })), choice));
      }
      if (!open.length) requests.append(el("li", { class: "console-note", text: t("No open request.") }));
    },
  };
}
