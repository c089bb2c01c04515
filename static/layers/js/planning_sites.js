// The sites of a plan: numbered marks that can be dragged, rows that open, the views of their cameras.

import { planViews, siteAct } from "./api_planning.js";
import { askReason } from "./ask_reason.js";
import { button, clear, debounce, el } from "./dom.js";
import { formatHeading, formatInteger, formatRupiah } from "./format.js";
import { chipKind } from "./planning_list.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

const STEP_M = 5;
const METRES_PER_DEG = 111320;
const ORDERS = {
  order: (a, b) => a.order - b.order,
  gain: (a, b) => b.gain - a.gain,
  cost: (a, b) => b.cost_idr - a.cost_idr,
  area: (a, b) => a.area_name.localeCompare(b.area_name) || a.order - b.order,
  review: (a, b) => a.review.localeCompare(b.review) || a.order - b.order,
};

// `changed(plan)` is called with the plan as the server has it after a change.
export function createPlanSites(node, desk, { changed, reload }) {
  const { L, map } = desk.scene;
  const list = node.querySelector("[data-site-list]");
  const sorting = node.querySelector("[name='site-order']");
  const filter = node.querySelector("[name='site-filter']");
  const marks = L.layerGroup();
  const views = L.layerGroup();
  const renderer = L.svg({ padding: 0.5 });
  const markers = new Map();
  let plan = null;
  let chosen = 0;
  let dragging = 0;
  let viewsOf = "";
  let tries = 0;

  const site = (id) => plan.sites.find((one) => one.id === id);
  const movable = (one) => one.standing && (plan.may.edit || plan.may.review);

  function badge(one) {
    const kind = one.standing ? one.review : "out";
    return el("span", { class: `site-mark is-${kind}${one.id === chosen ? " is-chosen" : ""}${one.confirmed_at ? " is-live" : ""}`, text: String(one.order) });
  }

  function mark(one) {
    const icon = L.divIcon({ className: "", html: "", iconSize: [26, 26] });
    const marker = L.marker([one.lat, one.lon], { icon, draggable: movable(one), keyboard: false, zIndexOffset: one.id === chosen ? 1000 : 0 });
    marker.on("add", () => marker.getElement().replaceChildren(badge(one)));
    marker.on("click", () => choose(one.id, { move: false }));
    marker.on("dragstart", () => {
      dragging = one.id;
      choose(one.id, { move: false, redraw: false });
    });
    marker.on("drag", () => follow(one.id, marker.getLatLng()));
    marker.on("dragend", () => drop(one.id, marker.getLatLng()));
    markers.set(one.id, marker.addTo(marks));
  }

  // What the plan would gain with the site where the hand holds it; the newest answer counts.
  const follow = debounce(async (id, at) => {
    const mine = ++tries;
    try {
      const found = await siteAct(plan.plan, id, "try", { lon: at.lng, lat: at.lat });
      if (mine !== tries) return;
      const cell = list.querySelector(`[data-site='${id}'] [data-gain]`);
      if (cell) cell.textContent = `${formatInteger(site(id).gain)} → ${formatInteger(found.sites[id] ?? 0)}`;
    } catch {
      // The move itself says what is wrong.
    }
  }, 120);

  async function drop(id, at) {
    dragging = 0;
    const one = site(id);
    let reason = "";
    if (plan.may.review && !plan.may.edit) {
      reason = await askReason({ title: t("Move site {n}", { n: one.order }), message: t("The police say why a site stands elsewhere."), confirm: t("Move") });
      if (reason === null) {
        draw();
        return;
      }
    }
    await act(one, "move", { lon: at.lng, lat: at.lat, reason });
  }

  async function act(one, name, extra = {}) {
    tries += 1;
    node.setAttribute("aria-busy", "true");
    try {
      const before = one.gain;
      const fresh = await siteAct(plan.plan, one.id, name, { version: one.version, reason: "", ...extra });
      viewsOf = "";
      changed(fresh);
      const now = fresh.sites.find((other) => other.id === one.id);
      if (name === "move") toast(t("Site {n}: gain {a} → {b}", { n: one.order, a: formatInteger(before), b: formatInteger(now.gain) }), "good");
    } catch (error) {
      toast(error.message, "bad");
      await reload();
    } finally {
      node.removeAttribute("aria-busy");
    }
  }

  async function refuse(one) {
    const reason = await askReason({ title: t("Refuse site {n}", { n: one.order }), message: one.street, confirm: t("Refuse"), danger: true });
    if (reason !== null) await act(one, "refuse", { reason });
    focusRow(one.id);
  }

  async function takeOut(one) {
    const reason = await askReason({ title: t("Take site {n} out", { n: one.order }), message: one.street, confirm: t("Take out"), danger: true });
    if (reason !== null) await act(one, "take-out", { reason });
    focusRow(one.id);
  }

  async function endorse(one) {
    await act(one, "endorse");
    focusRow(one.id);
  }

  // Arrow keys push a site; Enter keeps it, Escape puts it back.
  function moveByKeys(one, control) {
    const marker = markers.get(one.id);
    let { lat, lng } = marker.getLatLng();
    control.textContent = t("Arrow keys move it by {n} m; Enter keeps, Escape puts it back", { n: STEP_M });
    control.focus();
    const step = (event) => {
      const dy = { ArrowUp: 1, ArrowDown: -1 }[event.key] ?? 0;
      const dx = { ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0;
      if (dx || dy) {
        lat += (dy * STEP_M) / METRES_PER_DEG;
        lng += (dx * STEP_M) / (METRES_PER_DEG * Math.cos((lat * Math.PI) / 180));
        marker.setLatLng([lat, lng]);
        follow(one.id, { lat, lng });
      } else if (event.key === "Enter") done(true);
      else if (event.key === "Escape") done(false);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    const done = (keep) => {
      control.removeEventListener("keydown", step);
      if (keep) drop(one.id, { lat, lng });
      else draw();
    };
    control.addEventListener("keydown", step);
  }

  function focusRow(id) {
    list.querySelector(`[data-site='${id}'] .rank-row`)?.focus();
  }

  function detail(one) {
    const facts = [
      [t("cameras"), one.cameras.map((camera) => `${camera.model} ${formatHeading(camera.heading_deg)}`).join(", ")],
      [t("purchase"), formatRupiah(one.cost_idr)], [t("a year"), formatRupiah(one.yearly_cost_idr)],
      [t("proposed by"), one.requester ? `${one.source_name}: ${one.requester}` : one.source_name],
      [t("reason"), one.reason],
      [t("in the inventory"), one.built_code],
    ].filter(([, value]) => value);
    const keys = plan.may.review && one.standing ? el("p", { class: "console-note", text: t("Keys: D endorses, T refuses, ↑ ↓ go through the list.") }) : null;
    return el("div", { class: "row-detail" },
      el("dl", { class: "fields" }, facts.map(([name, value]) => el("div", { class: "field" }, el("dt", { text: name }), el("dd", { text: value })))),
      el("div", { class: "details-actions" },
        plan.may.review && one.review !== "withdrawn" && one.review !== "endorsed" ? button(t("Endorse"), { class: "button is-primary", onclick: () => endorse(one) }) : null,
        plan.may.review && one.standing ? button(t("Refuse"), { class: "button", onclick: () => refuse(one) }) : null,
        plan.may.review && one.review !== "pending" && one.review !== "withdrawn" ? button(t("Review again"), { class: "button", onclick: () => act(one, "reopen") }) : null,
        movable(one) ? el("button", { type: "button", class: "button", text: t("Move by keys"), onclick: (event) => moveByKeys(one, event.currentTarget) }) : null,
        plan.may.thin && one.standing ? button(t("Take out"), { class: "button", onclick: () => takeOut(one) }) : null),
      keys);
  }

  function row(one) {
    const open = one.id === chosen;
    const face = el("button", { type: "button", class: `rank-row${one.standing ? "" : " is-out"}`, "aria-expanded": String(open), onclick: () => choose(open ? 0 : one.id) },
      badge(one),
      el("span", { class: "where" }, one.street || t("unnamed street"), el("small", { text: one.area_name })),
      el("span", { class: "amount" }, el("span", { dataset: { gain: "" }, text: formatInteger(one.gain) }), el("small", { text: formatRupiah(one.cost_idr) })),
      one.review === "pending" && plan.state === "draft" ? null : el("span", { class: "under" }, el("span", { class: "chip", dataset: { kind: one.confirmed_at ? "good" : chipKind(one.review) }, text: one.confirmed_at ? t("in service") : one.built ? t("planned in the inventory") : one.review_name }), one.reason ? ` ${one.reason}` : ""));
    return el("li", { dataset: { site: one.id } }, face, open ? detail(one) : null);
  }

  function shown() {
    const wanted = filter.value;
    return plan.sites.filter((one) => !wanted || one.review === wanted).sort(ORDERS[sorting.value] ?? ORDERS.order);
  }

  function draw() {
    if (!plan || dragging) return;
    const held = document.activeElement?.closest("[data-site]")?.dataset.site;
    marks.clearLayers();
    markers.clear();
    for (const one of plan.sites) mark(one);
    clear(list).append(...shown().map(row));
    if (!list.children.length) list.append(el("li", { class: "empty-state", text: t("No site here.") }));
    if (held) focusRow(held);
    drawViews();
  }

  async function drawViews() {
    const wanted = `${plan.plan}:${plan.version}`;
    if (viewsOf === wanted) return;
    viewsOf = wanted;
    try {
      const found = await planViews(plan.plan);
      if (viewsOf !== wanted) return;
      views.clearLayers();
      L.geoJSON(found, { renderer, interactive: false, style: { renderer, stroke: false, fillColor: "#53d3c5", fillOpacity: 0.3, interactive: false } }).addTo(views);
    } catch {
      viewsOf = "";
    }
  }

  function choose(id, { move = true, redraw = true } = {}) {
    chosen = id;
    if (redraw) draw();
    if (!id) return;
    const one = site(id);
    // A view asked for while the map still zooms is lost: zooming jumps, and only panning glides.
    if (move) map.setView([one.lat, one.lon], Math.max(map.getZoom(), 17), { animate: map.getZoom() >= 17 });
    list.querySelector(`[data-site='${id}']`)?.scrollIntoView({ block: "nearest" });
  }

  list.addEventListener("keydown", (event) => {
    const item = event.target.closest("[data-site]");
    if (!item || event.altKey || event.ctrlKey || event.metaKey || !event.target.classList.contains("rank-row")) return;
    const one = site(Number(item.dataset.site));
    const key = event.key.toLowerCase();
    if (key === "arrowdown" || key === "arrowup") {
      const next = key === "arrowdown" ? item.nextElementSibling : item.previousElementSibling;
      if (!next?.dataset.site) return;
      event.preventDefault();
      choose(Number(next.dataset.site));
      focusRow(next.dataset.site);
    } else if (plan.may.review && one.standing && key === "d" && one.review !== "endorsed") endorse(one);
    else if (plan.may.review && one.standing && key === "t") {
      event.preventDefault();
      refuse(one);
    }
  });
  sorting.addEventListener("change", draw);
  filter.addEventListener("change", draw);

  return {
    busy: () => Boolean(dragging) || node.getAttribute("aria-busy") === "true",
    show(next, { fresh = false } = {}) {
      plan = next;
      if (fresh) {
        chosen = 0;
        viewsOf = "";
        views.clearLayers();
        // The first gain takes seconds: let the server get ready before a hand drags.
        const first = plan.sites.find(movable);
        if (first) siteAct(plan.plan, first.id, "try", { lon: first.lon, lat: first.lat }).catch(() => {});
        if (plan.sites.length) map.fitBounds(plan.sites.map((one) => [one.lat, one.lon]), { padding: [40, 40], maxZoom: 16, animate: false });
      }
      views.addTo(map);
      marks.addTo(map);
      draw();
    },
    hide() {
      marks.remove();
      views.remove();
      plan = null;
    },
  };
}
