// The language of the command line: what a line means, said before it is done, and how it may go on.

import { t } from "../text.js";
import { shortNumber } from "./board.js";
import { STEPS, statusName, typeName } from "./marks.js";

const plain = (text) => String(text).toLowerCase().replace(/[\s-]+/g, "_");
const callsignFits = (callsign, words) => plain(callsign).replace(/_/g, "").includes(plain(words).replace(/_/g, ""));

// `choices`: {dispositions, statuses, types}: [{code, name}]; `board`: the store.
export function createGrammar(board, choices) {
  const commands = {
    D: { shape: t("D incident units"), does: t("dispatch units to an incident; * sends what the run card asks for") },
    S: { shape: t("S unit status"), does: t("a unit's next step or status") },
    C: { shape: t("C incident disposition"), does: t("close an incident") },
    N: { shape: t("N incident text"), does: t("note on an incident") },
    M: { shape: t("M incident into"), does: t("merge an incident into another") },
    P: { shape: t("P incident 1-5"), does: t("change the priority") },
    A: { shape: t("A incident level"), does: t("change the alarm level") },
    G: { shape: t("G incident or unit"), does: t("go to it") },
  };

  function incident(words) {
    if (!words) return { error: t("Which incident? Give the end of its number.") };
    const found = board.numbered(words);
    if (!found.length) return { error: t("No open incident ends with {n}.", { n: words }) };
    if (found.length > 1) return { error: t("{n} could be {numbers}: give more digits.", { n: words, numbers: found.slice(0, 5).map((row) => row.number).join(", ") }) };
    return { row: found[0] };
  }

  function unit(words) {
    const exact = board.unit(words);
    if (exact) return { row: exact };
    const found = board.state.units.filter((row) => callsignFits(row.callsign, words));
    if (!found.length) return { error: t("No unit is called {name}.", { name: words }) };
    if (found.length > 1) return { error: t("{name} could be {units}.", { name: words, units: found.slice(0, 5).map((row) => row.callsign).join(", ") }) };
    return { row: found[0] };
  }

  function choice(list, words) {
    const wanted = plain(words);
    const fits = (entry, how) => how(plain(entry.code)) || how(plain(entry.name));
    return list.find((entry) => fits(entry, (text) => text === wanted)) ?? onlyOne(list.filter((entry) => fits(entry, (text) => text.startsWith(wanted))));
  }
  const onlyOne = (found) => (found.length === 1 ? found[0] : null);

  const steps = () => STEPS.concat("cancel").map((code) => ({ code, name: t(`step_${code}`) }));
  const named = (row) => `${shortNumber(row.number)} ${[typeName(row.type), row.address].filter(Boolean).join(", ")}`.trim();

  // {say, error} while it is typed; {say, act: {…}} when Enter may do it.
  function parse(line) {
    const words = line.trim().replace(/^\/\s*/, "").split(/\s+/);
    const [verb = "", ...rest] = words;
    const name = verb.toUpperCase();
    if (!line.trim()) return { say: "" };
    if (verb === "?") return { say: t("show keys and commands"), act: { do: "help" } };
    if (!commands[name]) return { error: t("No command {name}. ? lists them.", { name: verb }) };
    if (name === "S") return parseStatus(rest);
    if (name === "G" && rest.length) {
      const found = incident(rest[0]);
      if (found.row) return { say: t("go to {what}", { what: named(found.row) }), act: { do: "go", incident: found.row } };
      const other = unit(rest.join(" "));
      return other.row ? { say: t("go to {what}", { what: other.row.callsign }), act: { do: "goUnit", unit: other.row } } : { error: found.error };
    }
    const { row, error } = incident(rest[0]);
    if (!row) return { error };
    const more = rest.slice(1);
    const tail = line.trim().replace(/^\S+\s+\S+\s*/, "");
    if (name === "D") return parseDispatch(row, more);
    if (!more.length) return { error: `${commands[name].shape}: ${t("something is missing")}` };
    if (name === "C") {
      const how = choice(choices.dispositions, tail);
      return how ? { say: t("close {what} as {how}", { what: named(row), how: how.name }), act: { do: "close", incident: row, disposition: how.code } } : { error: t("No single disposition is called {name}.", { name: tail }) };
    }
    if (name === "N") return { say: t("note on {what}", { what: named(row) }), act: { do: "note", incident: row, text: tail } };
    if (name === "M") {
      const other = incident(more[0]);
      if (!other.row) return { error: other.error };
      if (other.row.id === row.id) return { error: t("An incident is not merged into itself.") };
      return { say: t("merge {what} into {other}", { what: named(row), other: named(other.row) }), act: { do: "merge", incident: row, into: other.row } };
    }
    const number = Number(more[0]);
    if (!Number.isInteger(number) || number < 1 || number > 5) return { error: t("A number from 1 to 5.") };
    return name === "P"
      ? { say: t("priority of {what}: {n}", { what: named(row), n: number }), act: { do: "edit", incident: row, fields: { priority: number } } }
      : { say: t("alarm level of {what}: {n}", { what: named(row), n: number }), act: { do: "edit", incident: row, fields: { alarm_level: number } } };
  }

  function parseDispatch(row, words) {
    if (!words.length) return { error: t("Which units? * sends what the run card asks for.") };
    if (words[0] === "*") return { say: t("send what the run card asks for to {what}", { what: named(row) }), act: { do: "dispatchCard", incident: row } };
    const units = [];
    for (const word of words) {
      const { row: found, error } = unit(word);
      if (!found) return { error };
      units.push(found);
    }
    return { say: t("send {units} to {what}", { units: units.map((one) => one.callsign).join(", "), what: named(row) }), act: { do: "dispatch", incident: row, units } };
  }

  function parseStatus(words) {
    if (!words.length) return { error: t("Which unit?") };
    const { row, error } = unit(words[0]);
    if (!row) return { error };
    if (words.length < 2) return { error: t("Which status?") };
    const wanted = words.slice(1).join(" ");
    const held = board.state.incidents.flatMap((one) => one.units.filter((part) => part.callsign === row.callsign).map((part) => ({ ...part, number: one.number })));
    const step = choice(steps(), wanted);
    if (step && held.length === 1) return { say: t("{unit}: {step} ({number})", { unit: row.callsign, step: step.name, number: shortNumber(held[0].number) }), act: { do: "step", assignment: held[0], step: step.code } };
    if (step && held.length > 1) return { error: t("{unit} has several incidents: open one of them.", { unit: row.callsign }) };
    const [code, ...reason] = words.slice(1);
    const status = choice(choices.statuses, wanted) ?? choice(choices.statuses, code);
    if (!status) return { error: t("No single status is called {name}.", { name: wanted }) };
    const why = choice(choices.statuses, wanted) ? "" : reason.join(" ");
    return { say: t("{unit}: {step}", { unit: row.callsign, step: status.name }) + (why ? ` (${why})` : ""), act: { do: "status", unit: row, status: status.code, reason: why } };
  }

  // Suggestions for the word being typed: {label, detail, line} where `line` is the whole line with it.
  function complete(line) {
    const parts = line.replace(/^\s+/, "").split(/\s+/);
    const last = parts.at(-1);
    const head = parts.slice(0, -1).join(" ");
    const name = parts[0].toUpperCase();
    const offer = (label, detail) => ({ label, detail, line: `${head ? `${head} ` : ""}${label} ` });
    if (parts.length === 1) return Object.entries(commands).filter(([key]) => key.startsWith(name) || !name).map(([key, { shape, does }]) => ({ label: shape, detail: does, line: `${key} ` }));
    const incidents = () => board.state.incidents.filter((row) => shortNumber(row.number).endsWith(last) || row.number.endsWith(last)).slice(0, 8).map((row) => offer(shortNumber(row.number), named(row).replace(/^\S+\s/, "")));
    const units = (rank) => board.state.units.filter((row) => (!last || callsignFits(row.callsign, last)) && !parts.slice(1, -1).includes(row.callsign)).sort((a, b) => rank(b) - rank(a) || a.callsign.localeCompare(b.callsign, undefined, { numeric: true })).slice(0, 8).map((row) => offer(row.callsign, [statusName(row), t(`kind_${row.kind}`)].join(" · ")));
    const codes = (list) => list.filter((entry) => plain(entry.code).startsWith(plain(last)) || plain(entry.name).startsWith(plain(last))).slice(0, 12).map((entry) => offer(entry.code, entry.name));
    if (parts.length === 2) {
      if (name === "S") return units((row) => Number(row.status_class === "committed"));
      return commands[name] ? incidents() : [];
    }
    if (name === "D") return [...(parts.length === 3 && !last ? [offer("*", t("what the run card asks for"))] : []), ...units((row) => Number(row.status_class === "available"))];
    if (parts.length !== 3) return [];
    if (name === "S") {
      const row = board.unit(parts[1]);
      const seen = new Set();
      return [...(row?.incidents?.length ? codes(steps()) : []), ...codes(choices.statuses)].filter((entry) => !seen.has(entry.label) && seen.add(entry.label));
    }
    if (name === "C") return codes(choices.dispositions);
    return name === "M" ? incidents() : [];
  }

  return { parse, complete, list: () => Object.values(commands).map(({ shape, does }) => [shape, does]) };
}
