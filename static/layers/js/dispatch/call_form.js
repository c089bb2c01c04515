// A call becomes an incident: one form, one key; what was typed stays until the server has it.

import { callEdit, callIncident, callLink, callMake, callerOf, recommendationFor } from "../api_dispatch.js";
import { clear, debounce, el } from "../dom.js";
import { formatDuration, formatMetres } from "../format.js";
import { t } from "../text.js";
import { serverNow, formatElapsed, onSecond } from "./clock.js";
import { createCombo } from "./combo.js";
import { conflictNotice, isConflict } from "./conflict.js";
import { newKey } from "./ids.js";
import { shortNumber } from "./board.js";
import { typeName } from "./marks.js";
import { refusalWords } from "./refusals.js";
import { createPlaceField } from "./place_field.js";

const DRAFT = "ncc-call-draft";
const SIMILAR_M = 200;
const SIMILAR_S = 600;
const NOT_REAL = ["information", "ghost", "prank", "dropped"];

function metresBetween(a, b) {
  const radians = Math.PI / 180;
  const x = (b.lon - a.lon) * radians * Math.cos(((a.lat + b.lat) / 2) * radians);
  return Math.hypot(x, (b.lat - a.lat) * radians) * 6_371_008.8;
}

export function createCallForm(form, board, { choices, near, onPlace, onMade, onCounted, onState }) {
  const field = (name) => form.elements[name];
  const said = form.querySelector("[data-form-said]");
  const similar = form.querySelector("[data-similar]");
  const submit = form.querySelector("[data-submit]");
  const would = form.querySelector("[data-would]");
  const age = form.querySelector("[data-call-age]");
  const labels = { channel: t("Channel"), kind: t("Kind"), caller_name: t("Caller"), caller_number: t("Number"), note: t("Note"), place_text: t("Place"), accuracy_m: t("Accuracy (m)") };
  const place = createPlaceField({ near, onPlace: (next) => {
    if (next) field("accuracy_m").value = String(next.accuracy_m);
    onPlace(next);
    findSimilar();
    keep();
    preview();
  } });
  form.querySelector("[data-place]").append(place.node);
  // What the server has: the call once it is saved, the keys of this form, the moment it was opened.
  let call = null;
  let base = null;
  let keys = { call: newKey(), incident: newKey() };
  // What was sent without an answer: it goes again as it was, with its key, and changes follow it.
  let sent = { call: null, incident: null };
  let opened = null;
  let join = null;
  let busy = false;
  let offered = [];

  createCombo(field("type_text"), {
    label: t("Type"),
    source: (text) => choices.types.filter((one) => `${one.name} ${one.code}`.toLowerCase().includes(text.trim().toLowerCase())).slice(0, 10).map((one) => ({ ...one, label: one.name, detail: t("priority {n}", { n: one.priority }) })),
    onChoose: (one) => setType(one),
  });

  // What the run card would send, before there is an incident: the caller can be told at once.
  let previewTurn = 0;
  const preview = debounce(async () => {
    const mine = ++previewTurn;
    const at = place.place;
    const type = field("type").value;
    would.textContent = "";
    if (!opened || !at || !type || join || NOT_REAL.includes(kind())) return;
    try {
      const card = await recommendationFor({ type, lon: at.lon, lat: at.lat });
      if (mine !== previewTurn) return;
      const found = card.lines.flatMap((line) => line.units);
      const missing = card.lines.reduce((sum, line) => sum + (line.shortfall ?? 0), 0);
      would.textContent = [t("Would be sent: {units}", { units: found.map((unit) => [unit.callsign, unit.eta_s === null ? "" : formatDuration(unit.eta_s)].filter(Boolean).join(" ")).join(", ") || "–" }), missing ? t("{n} missing", { n: missing }) : ""].filter(Boolean).join(" · ");
    } catch {
      // The recommendation of the incident says what is wrong.
    }
  }, 350);

  function setType(one) {
    field("type").value = one?.code ?? "";
    if (one) {
      field("type_text").value = one.name;
      if (!field("priority").dataset.touched) field("priority").value = String(one.priority);
    }
    keep();
    preview();
  }

  // A word that names one type alone is that type.
  function settleType() {
    const text = field("type_text").value.trim().toLowerCase();
    const chosen = choices.types.find((one) => one.code === field("type").value);
    if (chosen && chosen.name.toLowerCase() === text) return;
    const exact = choices.types.find((one) => one.name.toLowerCase() === text);
    const fits = text ? choices.types.filter((one) => `${one.name} ${one.code}`.toLowerCase().includes(text)) : [];
    setType(exact ?? (fits.length === 1 ? fits[0] : null));
    if (text && !field("type").value) field("type_text").setAttribute("aria-invalid", "true");
    else field("type_text").removeAttribute("aria-invalid");
  }
  field("type_text").addEventListener("blur", settleType);
  field("priority").addEventListener("change", () => (field("priority").dataset.touched = "1"));

  const kind = () => form.querySelector("input[name='kind']:checked").value;
  const values = () => ({
    channel: field("channel").value, kind: kind(), caller_name: field("caller_name").value.trim(), caller_number: field("caller_number").value.trim(),
    note: field("note").value.trim(), place_text: place.input.value.trim(), accuracy_m: Number(field("accuracy_m").value) || null,
    lon: place.place?.lon ?? null, lat: place.place?.lat ?? null, location_source: place.place?.source ?? null,
  });

  function keep() {
    if (!opened) return;
    const draft = { ...values(), type: field("type").value, type_text: field("type_text").value, priority: field("priority").value, touched: field("priority").dataset.touched ?? "", scheduled: field("scheduled_for").value, call, base, keys, sent, opened, label: place.place?.label ?? "" };
    try {
      sessionStorage.setItem(DRAFT, JSON.stringify(draft));
    } catch {
      // Then the draft lives as long as the page.
    }
    onState({ open: true, dirty: true });
  }
  const keepSoon = debounce(keep, 200);
  form.addEventListener("input", keepSoon);

  function fill(from) {
    field("channel").value = from.channel ?? "112";
    (form.querySelector(`input[name='kind'][value='${from.kind ?? "normal"}']`) ?? form.querySelector("input[name='kind']")).checked = true;
    for (const name of ["caller_name", "caller_number", "note"]) field(name).value = from[name] ?? "";
    place.input.value = from.place_text ?? "";
    place.set(from.lon === null || from.lon === undefined ? null : { lon: from.lon, lat: from.lat, label: from.label ?? "", accuracy_m: from.accuracy_m ?? 50, source: from.location_source ?? null });
    field("accuracy_m").value = from.accuracy_m ?? "";
    field("type").value = from.type ?? "";
    field("type_text").value = from.type_text ?? "";
    field("priority").value = from.priority ?? "3";
    if (from.touched) field("priority").dataset.touched = from.touched;
    else delete field("priority").dataset.touched;
    field("scheduled_for").value = from.scheduled ?? "";
    showKind();
  }

  function showKind() {
    const real = !NOT_REAL.includes(kind());
    for (const part of form.querySelectorAll("[data-real]")) part.hidden = !real;
    submit.querySelector("[data-words]").textContent = join ? t("Join {number}", { number: shortNumber(join) }) : real ? t("Make the incident") : t("Count the call");
    form.dataset.kind = kind();
  }
  for (const choice of form.querySelectorAll("input[name='kind']")) choice.addEventListener("change", showKind);

  // Open incidents near in place and time, from the board at once and from the server when it has the call.
  function findSimilar() {
    const at = place.place;
    const now = serverNow();
    const ours = at ? board.state.incidents.map((row) => ({ number: row.number, type: typeName(row.type), distance_m: metresBetween(at, row), age_s: (now - Date.parse(row.reported_at)) / 1000 })).filter((row) => row.distance_m <= SIMILAR_M && row.age_s <= SIMILAR_S) : [];
    const all = new Map([...ours, ...offered].map((row) => [row.number, row]));
    if (join && !all.has(join)) join = null;
    clear(similar);
    similar.hidden = !all.size;
    if (!all.size) return showKind();
    similar.append(el("p", {}, el("b", { text: t("Maybe the same:") })), ...[...all.values()].sort((a, b) => a.distance_m - b.distance_m).map((row) =>
      el("button", { type: "button", class: "similar-row", "aria-pressed": String(join === row.number), onclick: () => {
        join = join === row.number ? null : row.number;
        findSimilar();
        [...similar.querySelectorAll("button")].find((one) => one.dataset.number === row.number)?.focus();
      }, dataset: { number: row.number } }, el("b", { text: shortNumber(row.number) }), el("span", { text: typeof row.type === "object" ? row.type?.name : (choices.types.find((one) => one.code === row.type)?.name ?? row.type ?? "") }), el("span", { text: `${formatMetres(Math.round(row.distance_m))} · ${formatElapsed(new Date(now - row.age_s * 1000).toISOString(), now)}` }))));
    return showKind();
  }

  function say(words, notice = null) {
    clear(said);
    if (words) said.append(el("p", { class: "asking-said", text: words }));
    if (notice) said.append(notice);
  }

  // A refusal ends a request and its key; silence does not: the server may have carried it out.
  async function surely(what, work) {
    keep();
    try {
      return await work(keys[what]);
    } catch (error) {
      if (error.status && error.status < 500) {
        sent[what] = null;
        keys[what] = newKey();
      }
      throw error;
    }
  }

  async function saveCall() {
    const now = values();
    if (!call) {
      sent.call ??= { ...now, arrived_at: opened };
      const answer = await surely("call", (key) => callMake(sent.call, key));
      call = answer.call;
      base = { ...sent.call, ...call };
      offered = answer.similar ?? [];
    }
    const mine = Object.fromEntries(Object.entries(now).filter(([name, value]) => (value ?? "") !== (base[name] ?? "")));
    if ("lon" in mine || "lat" in mine) Object.assign(mine, { lon: now.lon, lat: now.lat });
    if (Object.keys(mine).length) {
      call = await callEdit(call.id, { version: call.version, ...mine });
      base = { ...now, ...call };
    }
    keep();
  }

  async function finish() {
    if (busy) return;
    settleType();
    const real = !NOT_REAL.includes(kind());
    if (real && !join && !place.place) {
      say(t("Where is it? Choose a suggestion or click the map."));
      place.input.focus();
      return;
    }
    if (real && !join && !field("type").value) {
      say(t("What is it? Choose a type."));
      field("type_text").focus();
      return;
    }
    busy = true;
    submit.disabled = true;
    say("");
    const seen = new Set(offered.map((row) => row.number));
    try {
      await saveCall();
      if (!real) {
        const counted = kind();
        reset();
        onCounted(counted);
        return;
      }
      // Something alike came to light only now: it is offered once before a second incident is made.
      const fresh = offered.filter((row) => !seen.has(row.number) && !board.numbered(row.number).some((one) => similar.querySelector(`[data-number='${CSS.escape(one.number)}']`)));
      findSimilar();
      if (fresh.length && !join) {
        say(t("The call is saved. It may be the same as one that is open: join it, or press again to make a new one."));
        return;
      }
      sent.incident ??= join ? { join } : { type: field("type").value, priority: Number(field("priority").value), address: place.input.value.trim(), summary: field("note").value.trim().slice(0, 500), lon: place.place.lon, lat: place.place.lat, accuracy_m: Number(field("accuracy_m").value) || null, location_source: place.place.source ?? null, ...(field("scheduled_for").value ? { scheduled_for: new Date(field("scheduled_for").value).toISOString() } : {}) };
      const made = await surely("incident", (key) => sent.incident.join ? callLink(call.id, sent.incident.join, key) : callIncident(call.id, sent.incident, key));
      const joined = sent.incident.join ?? null;
      reset();
      onMade(joined ? (board.numbered(joined)[0] ?? null) : made, joined);
    } catch (error) {
      const current = error.body?.current;
      if (isConflict(error) && current && call) {
        say("", conflictNotice(error, base, labels, {
          keepMine: () => {
            call = { ...call, version: current.version };
            base = { ...base, ...current };
            keep();
            finish();
          },
          takeTheirs: () => {
            call = current;
            base = { ...current };
            fill({ ...current, type: field("type").value, type_text: field("type_text").value, priority: field("priority").value });
            say("");
            keep();
          },
        }));
      } else say(refusalWords(error));
    } finally {
      busy = false;
      submit.disabled = false;
    }
  }

  function reset() {
    opened = null;
    would.textContent = "";
    call = base = join = null;
    offered = [];
    keys = { call: newKey(), incident: newKey() };
    sent = { call: null, incident: null };
    fill({ channel: field("channel").value });
    clear(similar).hidden = true;
    say("");
    try {
      sessionStorage.removeItem(DRAFT);
    } catch {
      // Nothing was kept.
    }
    onState({ open: false, dirty: false });
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  submit.addEventListener("click", finish);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!event.repeat) finish();
    }
  });
  form.querySelector("[data-discard]").addEventListener("click", () => reset());
  board.onChange(() => opened && !busy && findSimilar());
  onSecond(() => {
    age.textContent = opened ? formatElapsed(opened) : "";
  });

  function start(from = null) {
    opened = from?.answered_at ?? from?.arrived_at ?? new Date(serverNow()).toISOString();
    if (from?.id) {
      call = from;
      base = { ...from };
    }
    fill(from ?? { channel: field("channel").value });
    onState({ open: true, dirty: false });
    findSimilar();
    if (call?.has_caller) openCaller();
  }

  // Who called is asked for by itself; the server writes down who looked.
  async function openCaller() {
    const mine = call.id;
    try {
      const caller = await callerOf(mine);
      if (call?.id !== mine) return;
      for (const name of ["caller_name", "caller_number"]) {
        base[name] = caller[name];
        if (!field(name).value) field(name).value = caller[name];
      }
      keep();
    } catch (error) {
      say(error.message);
    }
  }

  // A draft that a reload interrupted.
  try {
    const kept = JSON.parse(sessionStorage.getItem(DRAFT) ?? "null");
    if (kept) {
      ({ opened, call, base } = kept);
      keys = kept.keys ?? keys;
      sent = kept.sent ?? sent;
      fill(kept);
      onState({ open: true, dirty: true, restored: true });
    } else fill({});
  } catch {
    fill({});
  }

  return {
    // One key opens it; what is in it already stays.
    open(from = null) {
      if (!opened || from) start(from);
      place.input.focus();
    },
    isOpen: () => Boolean(opened),
    click: (lon, lat) => {
      if (!opened) start();
      place.click(lon, lat);
    },
    place: () => place.place,
    call: () => call,
  };
}
