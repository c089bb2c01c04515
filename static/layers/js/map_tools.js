// Small tools on the map: what lies under the pointer by name, sheets on a phone, the outside base map.

import { el } from "./dom.js";
import { pick } from "./picker.js";
import { t } from "./text.js";

export function createMapTools(scene) {
  hoverNames(scene);
  sheets(scene);
  outsideBasemap(scene);
}

function hoverNames(scene) {
  if (!matchMedia("(hover: hover)").matches) return;
  const { map } = scene;
  const tip = el("div", { class: "map-tip", hidden: true });
  map.getContainer().append(tip);
  let frame = 0;
  map.on("mousemove", ({ latlng, containerPoint }) => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      const [best] = pick(scene, latlng);
      const named = best?.properties ?? {};
      const words = named.point_count
        ? t("{n} here: click to come closer", { n: named.point_count })
        : (named.name ?? named.number ?? named.unit_callsign ?? "");
      map.getContainer().classList.toggle("is-over", Boolean(best));
      tip.hidden = !words;
      if (!words) return;
      tip.textContent = words;
      tip.style.transform = `translate(${containerPoint.x + 14}px, ${containerPoint.y + 14}px)`;
    });
  });
  map.on("mouseout movestart", () => (tip.hidden = true));
}

function sheets() {
  for (const toggle of document.querySelectorAll("[data-toggles]")) {
    const panel = document.getElementById(toggle.dataset.toggles);
    const set = (open) => {
      panel.dataset.open = String(open);
      toggle.setAttribute("aria-expanded", String(open));
    };
    set(matchMedia("(min-width: 900px)").matches && toggle.dataset.startsOpen !== undefined);
    toggle.addEventListener("click", () => set(panel.dataset.open !== "true"));
    panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && panel.dataset.open === "true") {
        set(false);
        toggle.focus();
      }
    });
  }
}

function outsideBasemap(scene) {
  const box = document.getElementById("outside-basemap");
  if (!box || !scene.outside) return;
  box.closest("[data-outside]").hidden = false;
  const credit = el("span", { text: scene.outsideAttribution, hidden: true });
  document.querySelector(".map-notes")?.append(credit);
  box.addEventListener("change", () => {
    credit.hidden = !box.checked;
    if (box.checked) {
      scene.outside.addTo(scene.map).bringToBack();
      scene.basemap.remove();
    } else {
      scene.basemap.addTo(scene.map).bringToBack();
      scene.outside.remove();
    }
  });
  scene.outside.on("tileerror", () => {
    if (!box.checked) return;
    box.click();
    scene.map.fire("outsidefailed");
  });
}
