// Convert: one song, heard beside its source; or a whole library, file by file.
import { get } from "./api.js";
import { attempt, button, choice, duration, el, field, fill, minutes, modelWords, problem, select } from "./dom.js";
import { blindTest } from "./blind.js";
import { showPlayer } from "./hear.js";
import * as jobs from "./jobs.js";
import { longList } from "./list.js";
import { dropZone, folderField, sendAll } from "./picker.js";

export async function showConvert(room, what, later) {
  const { models } = await get("/api/models");
  if (!models.length) {
    fill(room, el("p", {}, "There is no model yet. ", el("a", { href: "#train" }, "Train one"), " or ", el("a", { href: "#models" }, "add one"), "."));
    return;
  }
  const model = select(models.map((each) => [each.name, modelWords(each)]), what);
  const about = el("p", { class: "soft" });
  const strength = el("input", { type: "range", min: "0", max: jobs.studio.state.most_strength, step: "0.05" });
  const value = el("output", { for: "strength" });
  strength.id = "strength";
  const song = songs(() => ({ model: model.value, strength: Number(strength.value) }), models);
  const library = libraries(() => ({ model: model.value, strength: Number(strength.value) }), later);
  const chosen = () => models.find((each) => each.name === model.value);
  const tell = () => { value.textContent = `${Number(strength.value).toFixed(2)} of the change (1 is all of it)`; };
  const chooseModel = () => {
    strength.value = chosen().strength;
    tell();
    fill(about, chosen().summary || "", " ", chosen().licence ? `Licence: ${chosen().licence}.` : "");
  };
  model.addEventListener("change", () => { chooseModel(); song.again(); });
  strength.addEventListener("input", tell);
  strength.addEventListener("change", () => song.again());
  const parts = { song: song.node, library: library.node };
  library.node.hidden = true;
  const which = choice("What to convert", [["song", "One song"], ["library", "A library"]], "song", (wanted) => {
    Object.entries(parts).forEach(([name, node]) => { node.hidden = name !== wanted; });
  });
  fill(room, el("section", { class: "card" }, el("div", { class: "grid" }, field("Model", model),
    el("div", { class: "field" }, el("label", { for: "strength" }, "Strength"), strength, value)), about), el("div", { class: "row" }, which),
  song.node, library.node);
  chooseModel();
  await library.found();
}

function songs(options, models) {
  const working = el("div");
  const heard = el("div", { class: "heard-here" });
  const after = el("div");
  let source = null;
  let turn = 0;
  let begun = null;
  let due = null;

  const convert = async () => {
    turn += 1;
    const mine = turn;
    fill(after);
    const whole = await attempt(working, () => jobs.run("song", { source: source.at, ...options() }, working, (id) => { begun = id; }));
    if (mine !== turn || whole?.status !== "done") return;
    const [made] = (await get(`/api/jobs/${whole.id}/tracks`)).tracks;
    const { target, source: from } = models.find((each) => each.name === options().model);
    const shots = [[`Source (${from})`, source.at], [`Converted (${target})`, made.target]];
    await showPlayer(heard, source.name, shots);
    const test = el("div");
    fill(after, el("div", { class: "row" },
      el("a", { class: "button", href: `/download?at=${made.target}`, download: "" }, "Download the conversion"),
      button("Can you hear it? Blind test", () => blindTest(test, "abx", [{ name: source.name, shots }]))), test);
  };
  const take = (files) => attempt(working, async () => {
    const [sent] = await sendAll(files, (file) => `/api/songs/${encodeURIComponent(file.name)}`, working);
    if (sent) { source = sent; await convert(); }
  });
  return {
    node: el("div", {}, dropZone("Drop one song here", take, { multiple: false }), working, heard, after),
    /** Once the knob is left alone for a moment; what was begun with other settings is stopped. */
    again() {
      clearTimeout(due);
      if (!source) return;
      due = setTimeout(() => {
        if (jobs.job(begun)?.status === "running") jobs.stop(begun);
        convert();
      }, 500);
    },
  };
}

const GROUPS = [["all", "All"], ["failed", "Failed"], ["done", "Converted"], ["unchanged", "Up to date"]];
const FATES = { done: "converted", unchanged: "up to date" };

function libraries(options, later) {
  const from = folderField("Folder of recordings", "Your originals are only read.");
  const to = el("input", { type: "text", spellcheck: "false", autocomplete: "off" });
  const salvage = el("input", { type: "checkbox" });
  const trouble = el("div");
  const working = el("div");
  const facts = el("p", { class: "facts-line" });
  const below = el("div", { class: "below" });
  let rows = [];
  let job = null;
  let wanted = "all";

  const list = longList("Files", (row) => [
    el("span", { class: "name" }, row.name),
    el("span", { class: "soft" }, row.message || (row.changed || []).join("; ")),
    el("span", { class: "badge", "data-status": row.status }, row.reason || FATES[row.status] || row.status),
    el("span", { class: "number" }, row.seconds ? minutes(row.seconds) : ""),
  ], (row) => {
    if (["done", "unchanged"].includes(row.status)) return showPlayer(below, row.name, [["Before", row.source], ["After", row.target]]);
    if (row.message) return fill(below, problem({ message: `${row.name}: ${row.message}`, hint: row.hint }));
    return row.source ? showPlayer(below, row.name, [["Before", row.source]]) : null;
  });
  const filter = choice("Which files", GROUPS, "all", (value) => { wanted = value; show(); });
  const result = el("section", { class: "card", hidden: true }, el("h2", {}, "Files"), facts, el("div", { class: "row" }, filter), list.node, below);
  const show = () => list.set(rows.filter((row) => wanted === "all" || row.status === wanted));

  const read = async () => {
    rows = [];
    for (;;) {
      const { total, tracks } = await get(`/api/jobs/${job}/tracks?from=${rows.length}`);
      rows.push(...tracks);
      if (!tracks.length || rows.length >= total) break;
    }
    result.hidden = !rows.length;
    show();
  };
  const tell = (state) => {
    const counts = Object.entries(state.counts).filter(([, count]) => count).map(([name, count]) => `${count} ${FATES[name] || name}`);
    facts.textContent = counts.join(", ");
  };
  const follow = async (id) => {
    job = id;
    fill(working, jobs.card(id).node);
    await jobs.ended(id);
    await read();
    const whole = await get(`/api/jobs/${id}`);
    tell(whole);
    const { plan, converted } = whole.results;
    if (plan) facts.textContent += `; ${duration(plan.music_seconds)} of audio, about ${duration(plan.work_seconds)} to convert it, ${plan.workers} at once; starting, reading and writing take some more`;
    if (converted) facts.textContent += `; ${duration(converted.music_seconds)} of audio in ${duration(converted.seconds)}: ${converted.output}`;
  };
  let due = null;
  later(jobs.onChange((state) => {
    if (state.id !== job) return;
    tell(state);
    due ||= setTimeout(() => { due = null; read(); }, 1000);
  }));
  later(() => clearTimeout(due));

  const go = (kind, pressed) => attempt(trouble, async () => {
    const source = await from.value();
    if (!source) throw Object.assign(new Error("No folder is named."), { hint: "type its path" });
    fill(below);
    follow(await jobs.start(kind, { source, output: to.value.trim(), salvage: salvage.checked, ...options() }));
  }, pressed);
  const plan = button("Plan", () => go("plan", plan));
  const start = button("Convert", () => go("convert", start), { class: "main" });
  return {
    node: el("div", {}, el("section", { class: "card" }, from.node, field("Output", to, "Empty: a folder beside it."),
      el("div", { class: "row" }, el("label", {}, salvage, " Convert damaged files as far as they can be read"), el("span", { class: "grow" }), plan, start), trouble),
    working, result),
    /** What goes on, or was done last, is found again. */
    async found() {
      const before = jobs.all().find((each) => ["convert", "plan"].includes(each.kind));
      if (!before) return;
      const { arguments: given } = await get(`/api/jobs/${before.id}`);
      from.input.value = given.source;
      if (before.status === "running") follow(before.id);
      else { job = before.id; await read(); tell(before); }
    },
  };
}
