// One plan: what it costs and gains, its sites, its next step, comments, documents, and what happened.

import { documentAddress, endorseRest, planBuild, planComment, planConfirm, planDetail, planRelease, planRename, planState, planTurned, siteAdd } from "./api_planning.js";
import { askReason, askText } from "./ask_reason.js";
import { button, clear, el } from "./dom.js";
import { formatInteger, formatNumber, formatRupiah, formatTime } from "./format.js";
import { chipKind } from "./planning_list.js";
import { createPlanSites } from "./planning_sites.js";
import { timeline } from "./planning_timeline.js";
import { createTurned } from "./planning_turned.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const DANGER = new Set(["rejected"]);
// How the search ended, by the solver's word for it.
const ENDED = {
  optimal: "proven to be the best possible", gap_reached: "ended as near to the best as was asked for", time_limit: "ended when the time was up",
  cancelled: "stopped early by hand", stalled: "ended when nothing better was found",
};
const percent = (part, whole) => `${formatNumber(whole > 0 ? (100 * part) / whole : 0)} %`;

export function createPlanView(node, desk) {
  const { L, map } = desk.scene;
  const head = node.querySelector("[data-plan-head]");
  const figures = node.querySelector("[data-plan-figures]");
  const actions = node.querySelector("[data-plan-actions]");
  const files = node.querySelector("[data-plan-files]");
  const review = node.querySelector("[data-plan-review]");
  const build = node.querySelector("[data-plan-build]");
  const steps = node.querySelector("[data-plan-steps]");
  const talk = node.querySelector("[data-plan-talk]");
  const pinned = node.querySelector("[data-pinned]");
  const pins = L.layerGroup();
  let plan = null;
  let pin = null;
  let adding = false;
  const turned = createTurned(node.querySelector("[data-plan-turned]"), desk, { run });
  const sites = createPlanSites(node.querySelector("[data-plan-sites]"), desk, { changed: show, reload });

  async function reload() {
    if (!plan) return;
    try {
      show(await planDetail(plan.plan));
    } catch (error) {
      toast(error.message, "bad");
      await desk.open("list");
    }
  }

  async function run(task) {
    try {
      show(await task());
    } catch (error) {
      toast(error.message, "bad");
      await reload();
    }
    desk.refresh().catch(() => {});
  }

  async function step(next) {
    const reason = await askReason({ title: next.title, message: t("The reason stays with the plan."), confirm: next.title, danger: DANGER.has(next.state) });
    if (reason !== null) await run(() => planState(plan.plan, { to: next.state, version: plan.version, reason }));
  }

  function figure(name, value, note) {
    return el("div", { class: "plan-figure" }, el("dt", { text: name }), el("dd", {}, value, note ? el("small", { text: note }) : null));
  }

  // What was asked for beside the area and the quality, in words.
  function askedWords() {
    const asked = plan.asked;
    return [
      asked.share ? t("the fewest sites for {share} of the demand", { share: percent(asked.share, 1) }) : "",
      asked.share && asked.least_sites !== null ? t("fewer than {n} sites do not reach it: proven", { n: formatInteger(asked.least_sites) }) : "",
      asked.sites === null ? "" : t("at most {n} sites", { n: formatInteger(asked.sites) }),
      asked.min_distance_m ? t("{n} m between new sites", { n: formatInteger(asked.min_distance_m) }) : "",
      asked.backup_share ? t("a second view counts {share}", { share: percent(asked.backup_share, 1) }) : "",
      asked.swap ? t("existing cameras may be turned or replaced") : asked.re_aim ? t("existing cameras may be turned") : "",
    ].filter(Boolean).join(" · ");
  }

  async function rename() {
    const name = await askText({ title: t("Rename the plan"), label: t("Name of the plan"), value: plan.name, confirm: t("Rename") });
    if (name !== null && name !== plan.name) await run(() => planRename(plan.plan, { version: plan.version, name }));
  }

  function drawHead() {
    clear(head).append(
      el("div", { class: "plan-title" }, el("h2", { tabindex: "-1", text: plan.name }),
        plan.may.rename ? button(t("Rename"), { class: "button is-quiet", onclick: rename }) : null),
      el("p", { class: "console-note" },
        el("span", { class: "chip", dataset: { kind: chipKind(plan.state) }, text: plan.state_name }), " ",
        [plan.area_name, t(`level_${plan.level}`), plan.created_by, formatTime(plan.created_at)].filter(Boolean).join(" · ")),
      el("p", { class: "console-note", text: askedWords() }),
      ...plan.notes.map((words) => el("p", { class: "console-note is-warning", text: words })));
    const proven = plan.proposed;
    clear(figures).append(
      figure(t("sites"), formatInteger(plan.standing), [t("{n} cameras", { n: formatInteger(plan.cameras) }), plan.turned_cameras ? t("{n} turned", { n: formatInteger(plan.turned_cameras) }) : ""].filter(Boolean).join(" · ")),
      figure(t("purchase"), formatRupiah(plan.cost_idr), plan.asked.budget_idr === null ? "" : t("of at most {money}", { money: formatRupiah(plan.asked.budget_idr) })),
      figure(t("a year"), formatRupiah(plan.yearly_cost_idr), t("network, power, upkeep")),
      figure(t("demand gained"), formatInteger(plan.gain), plan.changed ? t("{n} as proposed", { n: formatInteger(proven.objective) }) : ""),
      figure(t("demand seen"), percent(plan.covered_before + plan.gain, plan.demand), t("{share} before", { share: percent(plan.covered_before, plan.demand) })),
      figure(t("proven upper bound"), formatInteger(proven.bound), [t("at most {gap} below the best plan", { gap: `${formatNumber(Math.ceil(1000 * proven.gap) / 10)} %` }), ENDED[proven.status] ? t(ENDED[proven.status]) : ""].filter(Boolean).join("; ")));
  }

  function drawActions() {
    clear(actions);
    for (const next of plan.next) {
      const main = !DANGER.has(next.state) && next === plan.next[0];
      actions.append(button(next.title, { class: main ? "button is-primary" : "button", onclick: () => step(next) }));
    }
    if (plan.may.edit) {
      const add = button(t("Add a site"), { class: "button", "aria-pressed": String(adding), onclick: () => {
        adding = !adding;
        add.setAttribute("aria-pressed", String(adding));
        desk.takeClicks(adding ? put : null);
        if (adding) toast(t("Click the place on the map."));
      } }, "plus");
      actions.append(add);
    }
    const asked = plan.may.edit ? desk.openRequests() : [];
    if (asked.length) {
      const choice = el("select", { class: "request-adder", "aria-label": t("Add a request"), onchange: () => {
        const row = asked.find((one) => String(one.request) === choice.value);
        if (row) run(() => siteAdd(plan.plan, { lon: row.lon, lat: row.lat, version: plan.version, request: row.request }));
      } }, el("option", { value: "", text: t("Add a request") }), asked.map((row) => el("option", { value: row.request, text: `${row.requester}: ${row.reason}`.slice(0, 90) })));
      actions.append(choice);
    }
    if (plan.may.release) {
      actions.append(button(t("Release to the public"), { class: "button", onclick: async () => {
        const reason = await askReason({ title: t("Release to the public"), message: t("Everybody will read the sites, decisions and reasons. This cannot be taken back."), confirm: t("Release") });
        if (reason !== null) await run(() => planRelease(plan.plan, { version: plan.version, reason }));
      } }));
    }
    if (plan.released_at) actions.append(el("p", { class: "console-note", text: t("Released to the public on {time}.", { time: formatTime(plan.released_at) }) }));
    actions.hidden = !actions.children.length;
    clear(files).append(...[["pdf", t("PDF for the council")], ["xlsx", "XLSX"], ["geojson", "GeoJSON"], ["gpkg", "GeoPackage"], ["html", t("Offline map")]].map(([kind, text]) =>
      el("a", { class: "button", href: documentAddress(plan.plan, kind), download: `rencana-${plan.plan}.${kind}`, text })));
  }

  function drawReview() {
    const parts = [...plan.sites, ...plan.turned];
    const left = parts.filter((one) => one.review === "pending").length;
    const all = parts.filter((one) => one.review !== "withdrawn").length;
    review.hidden = !(plan.state === "sent");
    clear(review).append(
      el("p", { text: t(plan.turned.length ? "{n} of {all} sites and turned cameras reviewed" : "{n} of {all} sites reviewed", { n: formatInteger(all - left), all: formatInteger(all) }) }),
      el("progress", { class: "meter", max: String(all || 1), value: String(all - left), "aria-label": t("reviewed sites") }),
      plan.may.review && left ? el("div", { class: "details-actions" }, button(t("Endorse the other {n}", { n: formatInteger(left) }), { class: "button is-primary", onclick: () => run(() => endorseRest(plan.plan)) })) : "");
    const standing = plan.sites.filter((one) => one.standing);
    build.hidden = !(plan.state === "approved" || plan.state === "installed");
    const unbuilt = standing.filter((one) => !one.built);
    const waiting = standing.filter((one) => one.built && !one.confirmed_at);
    const unturned = plan.turned.filter((one) => one.standing && !one.done_at);
    clear(build).append(
      el("p", { text: t("{n} of {all} sites in service, {planned} planned in the inventory", { n: formatInteger(plan.confirmed), all: formatInteger(plan.standing), planned: formatInteger(plan.built - plan.confirmed) }) }),
      el("progress", { class: "meter", max: String(plan.standing || 1), value: String(plan.confirmed), "aria-label": t("sites in service") }),
      plan.turned_cameras ? el("p", { text: t("{n} of {all} cameras turned", { n: formatInteger(plan.turned_done), all: formatInteger(plan.turned_cameras) }) }) : "",
      plan.may.install ? el("div", { class: "details-actions" },
        unbuilt.length ? button(t("Enter {n} sites in the inventory", { n: formatInteger(unbuilt.length) }), { class: "button is-primary", onclick: () => run(() => planBuild(plan.plan, unbuilt.map((one) => one.id))) }) : null,
        waiting.length ? button(t("Confirm {n} sites in service", { n: formatInteger(waiting.length) }), { class: "button", onclick: () => run(() => planConfirm(plan.plan, waiting.map((one) => one.id))) }) : null,
        unturned.length ? button(t("Confirm {n} cameras turned", { n: formatInteger(unturned.length) }), { class: "button", onclick: () => run(() => planTurned(plan.plan, unturned.map((one) => one.id))) }) : null) : "");
  }

  function drawTalk() {
    talk.hidden = !plan.may.comment;
    pins.clearLayers();
    for (const one of plan.steps.filter((said) => said.kind === "comment" && said.place)) {
      const icon = L.divIcon({ className: "", html: "", iconSize: [24, 24], iconAnchor: [0, 24] });
      const mark = L.marker([one.place[1], one.place[0]], { icon, title: `${one.author}: ${one.text}`, keyboard: false });
      mark.on("add", () => mark.getElement().replaceChildren(el("span", { class: "comment-mark", text: "“" })));
      mark.addTo(pins);
    }
    pins.addTo(map);
    clear(steps).append(timeline(plan.steps, { onPlace: ([lon, lat]) => map.setView([lat, lon], Math.max(map.getZoom(), 17)) }));
  }

  async function put(latlng) {
    if (adding) {
      adding = false;
      desk.takeClicks(null);
      await run(() => siteAdd(plan.plan, { lon: latlng.lng, lat: latlng.lat, version: plan.version }));
      return true;
    }
    pin = latlng;
    pinned.textContent = t("pinned on the map");
    desk.takeClicks(null);
    return true;
  }

  talk.querySelector("[data-pin]").addEventListener("click", () => {
    adding = false;
    pinned.textContent = t("Click the place on the map.");
    desk.takeClicks(put);
  });
  talk.addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = talk.elements.text;
    if (!field.value.trim()) return;
    const said = { text: field.value, ...(pin ? { lon: pin.lng, lat: pin.lat } : {}) };
    await run(async () => {
      const fresh = await planComment(plan.plan, said);
      field.value = "";
      pin = null;
      pinned.textContent = "";
      return fresh;
    });
  });

  function show(next, { fresh = false } = {}) {
    plan = next;
    drawHead();
    drawActions();
    drawReview();
    turned.show(plan);
    sites.show(plan, { fresh });
    drawTalk();
    if (fresh) head.querySelector("h2").focus({ preventScroll: true });
  }

  return {
    show,
    leave() {
      sites.hide();
      turned.hide();
      pins.remove();
      adding = false;
      pin = null;
      plan = null;
    },
    // Somebody changed a plan elsewhere: follow, unless a hand is on it.
    heard(payload) {
      if (plan && (!payload?.plan || payload.plan === plan.plan) && payload?.version !== plan.version && !sites.busy()) reload();
    },
  };
}
