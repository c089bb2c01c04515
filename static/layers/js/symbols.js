// Point symbols: an outline, a colour and a glyph, drawn once into bitmaps.

import { currentTheme } from "./theme.js";

// Glyphs on a 24 × 24 grid, drawn as strokes.
const GLYPHS = {
  camera: "M4 9h11v7H4z M15 11l5-3v9l-5-3",
  cross_out: "M7 7l10 10 M17 7L7 17",
  wrench: "M16 5a4 4 0 0 0-4 5l-6 6 2 2 6-6a4 4 0 0 0 5-5l-3 2-2-2z",
  plus: "M12 6v12 M6 12h12",
  minus: "M6 12h12",
  wifi: "M5 10a10 10 0 0 1 14 0 M8 13.500a6 6 0 0 1 8 0 M11.500 17h1",
  flame: "M12 5c3 4 5 6 5 9a5 5 0 0 1-10 0c0-2 1-3 2-4 1 1 1 2 1 2 2-2 2-4 2-7z",
  star: "M12 5l2 5h5l-4 3 1.500 5-4.500-3-4.500 3L9 13 5 10h5z",
  lifebuoy: "M12 6a6 6 0 1 0 .01 0z M12 10a2 2 0 1 0 .01 0z",
  house: "M5 12l7-6 7 6 M7 11v7h10v-7",
  vehicle: "M5 15v-4l3-4h8l3 4v4z M8 17.500h.01 M16 17.500h.01",
  alert: "M12 7v6 M12 16.500h.01",
  eye_off: "M5 12c2-4 12-4 14 0-2 4-12 4-14 0z M6 6l12 12",
};

// Outlines around (0, 0) for a half-size r; areas look alike, so radii differ a little.
const OUTLINES = {
  circle: (p, r) => p.arc(0, 0, r, 0, Math.PI * 2),
  square: (p, r) => p.roundRect(-r * 0.9, -r * 0.9, r * 1.8, r * 1.8, r * 0.3),
  diamond: (p, r) => polygon(p, r * 1.2, 4, -Math.PI / 2),
  triangle: (p, r) => polygon(p, r * 1.3, 3, -Math.PI / 2, 0.15),
  pentagon: (p, r) => polygon(p, r * 1.12, 5, -Math.PI / 2),
  hexagon: (p, r) => polygon(p, r * 1.08, 6, 0),
  shield: (p, r) => {
    p.moveTo(-r, -r * 0.9);
    p.lineTo(0, -r * 1.15);
    p.lineTo(r, -r * 0.9);
    p.lineTo(r * 0.9, r * 0.3);
    p.quadraticCurveTo(r * 0.6, r, 0, r * 1.2);
    p.quadraticCurveTo(-r * 0.6, r, -r * 0.9, r * 0.3);
    p.closePath();
  },
  drop: (p, r) => {
    p.moveTo(0, -r * 1.25);
    p.bezierCurveTo(r * 1.3, -r * 0.1, r, r * 1.1, 0, r * 1.1);
    p.bezierCurveTo(-r, r * 1.1, -r * 1.3, -r * 0.1, 0, -r * 1.25);
    p.closePath();
  },
};

function polygon(path, radius, corners, start, drop = 0) {
  for (let i = 0; i < corners; i++) {
    const angle = start + (i * 2 * Math.PI) / corners;
    const x = Math.cos(angle) * radius;
    const y = Math.sin(angle) * radius + radius * drop;
    if (i === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
  }
  path.closePath();
}

export const ink = (theme = currentTheme()) => (theme === "dark" ? "#0b1015" : "#ffffff");
export const colourOf = (style, theme = currentTheme()) => (theme === "dark" ? style.dark : style.light);

const bitmaps = new Map();

// A bitmap of a symbol; `size` is its half-size in CSS pixels, `badge` a small number beside it.
export function symbolBitmap(style, { size = 9, badge = "", ratio = devicePixelRatio || 1, theme = currentTheme() } = {}) {
  const key = [style.shape, style.glyph, style.dark, style.light, size, badge, ratio, theme].join("|");
  let bitmap = bitmaps.get(key);
  if (!bitmap) {
    bitmap = drawSymbol(style, size, badge, ratio, theme);
    if (bitmaps.size > 600) bitmaps.clear();
    bitmaps.set(key, bitmap);
  }
  return bitmap;
}

function drawSymbol(style, size, badge, ratio, theme) {
  const half = Math.ceil(size * 1.3 + 6);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(half * 2 * ratio);
  canvas.cssHalf = half;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.translate(half, half);
  const outline = new Path2D();
  (OUTLINES[style.shape] ?? OUTLINES.circle)(outline, size);
  context.lineJoin = "round";
  context.strokeStyle = ink(theme);
  context.lineWidth = 3;
  context.stroke(outline);
  context.fillStyle = colourOf(style, theme);
  context.fill(outline);
  const glyph = size >= 7 ? GLYPHS[style.glyph] : null;
  if (glyph) {
    const scale = (size * 1.45) / 24;
    context.save();
    context.scale(scale, scale);
    context.translate(-12, style.shape === "triangle" ? -9.5 : -12);
    context.strokeStyle = ink(theme);
    context.lineWidth = 2.2;
    context.lineCap = "round";
    context.stroke(new Path2D(glyph));
    context.restore();
  }
  if (badge) drawBadge(context, badge, size, theme);
  return canvas;
}

function drawBadge(context, badge, size, theme) {
  const x = size * 0.85;
  const y = -size * 0.85;
  context.beginPath();
  context.arc(x, y, 6.5, 0, Math.PI * 2);
  context.fillStyle = theme === "dark" ? "#e8eef4" : "#18222c";
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = ink(theme);
  context.stroke();
  context.fillStyle = theme === "dark" ? "#10171e" : "#ffffff";
  context.font = "700 9px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(badge, x, y + 0.5);
}

// The half-size of a cluster's circle, CSS pixels: grows with the logarithm of its count.
export function clusterSize(count) {
  return Math.min(9 + Math.log10(count) * 4, 22);
}

export function drawCluster(context, x, y, count, style, theme = currentTheme()) {
  const size = clusterSize(count);
  const colour = colourOf(style, theme);
  context.beginPath();
  context.arc(x, y, size, 0, Math.PI * 2);
  context.fillStyle = theme === "dark" ? "rgba(11,16,21,0.82)" : "rgba(255,255,255,0.9)";
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = colour;
  context.stroke();
  context.fillStyle = theme === "dark" ? "#eaf1f7" : "#131c24";
  context.font = `600 ${size > 13 ? 12 : 11}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(count < 1000 ? String(count) : `${(count / 1000).toFixed(count < 10000 ? 1 : 0)}k`, x, y + 0.5);
}

// A canvas element that shows a style, for legends and lists.
export function styleSample(style, geometry) {
  const canvas = document.createElement("canvas");
  const ratio = devicePixelRatio || 1;
  canvas.className = "sample";
  canvas.setAttribute("aria-hidden", "true");
  canvas.width = canvas.height = 24 * ratio;
  const paint = () => {
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, 24, 24);
    if (geometry === "point") {
      const bitmap = symbolBitmap(style, { size: 8 });
      context.drawImage(bitmap, 12 - bitmap.cssHalf, 12 - bitmap.cssHalf, bitmap.cssHalf * 2, bitmap.cssHalf * 2);
      return;
    }
    context.strokeStyle = colourOf(style);
    context.fillStyle = colourOf(style);
    context.lineWidth = Math.max(style.weight, 1.5);
    context.setLineDash(style.dash ?? []);
    context.beginPath();
    if (geometry === "line") {
      context.moveTo(2, 12);
      context.lineTo(22, 12);
    } else {
      context.roundRect(3, 5, 18, 14, 3);
      context.globalAlpha = Math.max(style.opacity, 0.05);
      context.fill();
      context.globalAlpha = 1;
    }
    context.stroke();
  };
  paint();
  return { canvas, paint };
}

// The style of a feature: its layer's variant for the value it carries, or the layer's own.
export function styleFor(layer, properties) {
  if (!layer.variesBy) return layer.style;
  const value = String(properties[layer.variesBy] ?? "");
  let chosen = null;
  for (const variant of layer.variants) if (variant.value === value) return variant.style;
  // Counts above the last variant look like it.
  if (value !== "" && !Number.isNaN(Number(value)) && layer.variants.length) {
    const last = layer.variants[layer.variants.length - 1];
    if (Number(value) > Number(last.value)) chosen = last.style;
  }
  return chosen ?? layer.style;
}
