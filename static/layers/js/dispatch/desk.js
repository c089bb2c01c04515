// Which service's desk this is: asked for in the address, remembered on this machine.

const KEY = "ncc-desk";
const DESKS = ["all", "fire", "police", "medical"];
// Layers that a desk works with, besides those of every desk.
const LAYERS = { fire: ["stations", "hydrants"], police: ["stations"], medical: ["stations"], all: ["stations"] };

export function deskWanted() {
  const asked = new URLSearchParams(location.search).get("desk");
  if (DESKS.includes(asked)) return asked;
  try {
    const kept = localStorage.getItem(KEY);
    return DESKS.includes(kept) ? kept : "all";
  } catch {
    return "all";
  }
}

export function deskRemember(desk) {
  try {
    localStorage.setItem(KEY, desk);
  } catch {
    // The address still says it.
  }
  const address = new URL(location.href);
  address.searchParams.set("desk", desk);
  history.replaceState(null, "", address);
}

export const deskLayers = (desk) => LAYERS[desk] ?? [];
