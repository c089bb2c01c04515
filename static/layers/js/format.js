// Numbers, lengths, money and times as the reader's language writes them.

import { language, t } from "./text.js";

const locale = language.startsWith("en") ? "en-GB" : "id-ID";
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
const rupiah = new Intl.NumberFormat(locale, { style: "currency", currency: "IDR", maximumFractionDigits: 0 });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const POINTS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"];

export const formatInteger = (value) => whole.format(value);
export const formatNumber = (value) => decimal.format(value);
export const formatFine = (value) => fine.format(value);
export const formatRupiah = (value) => rupiah.format(value);
export const formatTime = (value) => moment.format(new Date(value));

export function formatMetres(value) {
  return Math.abs(value) >= 1000 ? `${decimal.format(value / 1000)} km` : `${decimal.format(value)} m`;
}

export function formatDuration(seconds) {
  const total = Math.round(seconds);
  if (total < 60) return t("{n} s", { n: total });
  const minutes = Math.floor(total / 60);
  if (minutes < 60) return t("{m} min {s} s", { m: minutes, s: total % 60 });
  return t("{h} h {m} min", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

export function formatDegrees(value) {
  return `${whole.format(value)}°`;
}

export function formatHeading(value) {
  return `${whole.format(value)}° ${t(`compass_${POINTS[Math.round(value / 45) % 8]}`)}`;
}

export function formatLonLat(lon, lat) {
  return `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
}

// The value of a detail field, by the kind that the catalogue gives it.
export function formatField(field) {
  const { kind, value } = field;
  if (field.display) return field.display;
  switch (kind) {
    case "integer": return formatInteger(value);
    case "number": return formatNumber(value);
    case "metres": return formatMetres(value);
    case "degrees": return field.key === "heading_deg" ? formatHeading(value) : formatDegrees(value);
    case "idr": return formatRupiah(value);
    case "datetime": return formatTime(value);
    case "flag": return value ? t("yes") : t("no");
    case "list": return value.join(", ");
    default: return String(value);
  }
}
