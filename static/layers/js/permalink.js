// The address after `#`: zoom/lat/lon, layers and selection; reading it restores the view.

// `#14/-7.98110/112.63110&l=cctv,units&s=cctv.12`
export function readPermalink() {
  const found = { view: null, layers: null, selection: null };
  const [first = "", ...rest] = location.hash.replace(/^#/, "").split("&");
  const view = first.match(/^(\d{1,2}(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)$/);
  if (view) {
    const [zoom, lat, lon] = view.slice(1).map(Number);
    if (zoom <= 22 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180) found.view = { zoom, lat, lon };
  }
  for (const part of view ? rest : [first, ...rest]) {
    if (part.startsWith("l=")) found.layers = part.slice(2).split(",").filter((key) => /^[a-z_-]+$/.test(key));
    const selection = part.match(/^s=([a-z_-]+)\.(\d{1,18})$/);
    if (selection) found.selection = { layer: selection[1], id: Number(selection[2]) };
  }
  return found;
}

export function writePermalink({ map, layers, selection }) {
  const centre = map.getCenter().wrap();
  const parts = [`${map.getZoom()}/${centre.lat.toFixed(5)}/${centre.lng.toFixed(5)}`, `l=${layers.join(",")}`];
  if (selection) parts.push(`s=${selection.layer}.${selection.id}`);
  const next = `#${parts.join("&")}`;
  if (next !== location.hash) history.replaceState(null, "", next);
}
