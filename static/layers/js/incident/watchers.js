// Cameras that see the incident, best view first; a live picture where there is one and one may see it.

import { camerasSeeing } from "../api_coverage.js";
import { incidentCameras } from "../api_dispatch.js";
import { button, clear, el } from "../dom.js";
import { formatInteger, formatMetres, formatNumber } from "../format.js";
import { t } from "../text.js";
import { createPicture } from "./picture.js";

const SHOWN = 5;

export function createWatchers(node, { can, current, onFound, onLinked }) {
  const list = node.querySelector("[data-watchers]");
  const picture = createPicture(node.querySelector("[data-picture]"));
  let found = [];
  let all = false;
  let open = null;
  let turn = 0;
  let asked = "";

  function draw() {
    const incident = current();
    const linked = new Set(incident?.cameras ?? []);
    clear(list);
    if (!found.length) {
      list.append(el("p", { class: "console-note", text: t("No camera sees this point.") }));
      return;
    }
    list.append(el("ol", { class: "plain-list watcher-list" }, (all ? found : found.slice(0, SHOWN)).map((camera, at) =>
      el("li", { class: "watcher", "aria-current": String(camera.code === open) },
        el("span", { class: "rank", text: String(at + 1) }),
        el("span", { class: "where" }, el("span", { text: camera.name }), el("small", { text: [camera.now ? t(`level_${camera.level ?? "none"}`) : t("could turn to it"), `${formatNumber(camera.px_per_m)} px/m`, formatMetres(camera.distance_m)].join(" · ") })),
        can.streams ? button(camera.code === open ? t("Close") : t("Watch"), { class: "button is-small", "aria-label": `${camera.code === open ? t("Close") : t("Watch")} ${camera.name}`, onclick: () => watch(camera) }, "eye") : null,
        can.dispatch ? el("button", { type: "button", class: "button is-small is-quiet", "aria-pressed": String(linked.has(camera.code)), "aria-label": t("Link {name} to the incident", { name: camera.name }), title: t("Link {name} to the incident", { name: camera.name }), onclick: () => link(camera, linked) }, el("span", { text: linked.has(camera.code) ? "★" : "☆" })) : null,
      ))));
    if (found.length > SHOWN) list.append(button(all ? t("fewer") : t("all {n}", { n: formatInteger(found.length) }), { class: "row-button", onclick: () => {
      all = !all;
      draw();
    } }));
  }

  function watch(camera) {
    open = open === camera.code ? null : camera.code;
    draw();
    picture.show(open ? camera : null);
  }

  async function link(camera, linked) {
    const codes = linked.has(camera.code) ? [...linked].filter((code) => code !== camera.code) : [...linked, camera.code];
    try {
      onLinked(await incidentCameras(current().id, codes));
    } catch (error) {
      list.append(el("p", { class: "asking-said", role: "alert", text: error.message }));
    }
  }

  return {
    reset() {
      turn += 1;
      asked = "";
      open = null;
      all = false;
      picture.show(null);
      clear(list);
    },
    draw,
    async ask(incident) {
      node.hidden = !can.coverage;
      const where = `${incident.id}:${incident.lon},${incident.lat}`;
      if (!can.coverage || where === asked) return;
      asked = where;
      const mine = ++turn;
      clear(list).append(el("p", { class: "console-note", text: t("Looking for cameras…") }));
      try {
        found = (await camerasSeeing(incident.lon, incident.lat)).cameras;
      } catch (error) {
        if (mine === turn) clear(list).append(el("p", { class: "console-note", text: error.message }));
        asked = "";
        return;
      }
      if (mine !== turn) return;
      draw();
      onFound(found);
    },
  };
}
