// Convert: one song, heard beside its source; or a whole library, file by file.
import { get } from "./api.js";
import { attempt, button, choice, duration, el, field, fill, minutes, modelWords, problem, select, words } from "./dom.js";
import { blindTest } from "./blind.js";
import { showPlayer } from "./hear.js";
import * as jobs from "./jobs.js";
import { longList } from "./list.js";
import { dropZone, folderField, isRecording, sendAll } from "./picker.js";

export async function showConvert(room, what, later) {
  const { models } = await get("/api/models");
  if (!models.length) {
    fill(room, el("p", {}, "There is no model yet. ", el("a", { href: "#train" }, "Train one"), " or ", el("a", { href: "#models" }, "add one"), "."));
    return;
  }
  const named = models.some((each) => each.name === what) ? what : "";
  const model = select(models.map((each) => [each.name, modelWords(each)]), named);
  const about = el("p", { class: "soft" });
  const strength = el("input", { type: "range", min: "0", max: jobs.studio.state.most_strength, step: "0.05" });
  const value = el("output", { for: "strength" });
  strength.id = "strength";
  let touched = false;
  const options = () => { touched = true; return { model: model.value, strength: Number(strength.value) }; };
  const chosen = () => models.find((each) => each.name === model.value);
  const modelOf = (job) => models.find((each) => each.path === job.arguments.model);
  const song = songs(options, chosen, modelOf);
  const library = libraries(options, chosen, modelOf, later);
  const tell = () => { value.textContent = `${Number(strength.value).toFixed(2)} of the change (1 is all of it)`; };
  const chooseModel = () => {
    strength.value = chosen().strength;
    tell();
    fill(about, chosen().summary || "", " ", chosen().licence ? `Licence: ${chosen().licence}.` : "");
  };
  model.addEventListener("change", () => { touched = true; chooseModel(); song.again(); library.fit(); });
  strength.addEventListener("input", () => { touched = true; tell(); });
  strength.addEventListener("change", () => song.again());

  const parts = { song, library };
  const before = { song: last("song"), library: last("convert", "plan") };
  const found = {};
  await Promise.all(Object.entries(before).map(async ([name, job]) => {
    found[name] = job && await get(`/api/jobs/${job.id}`).catch(() => null); // it may be forgotten by now
  }));
  /** Model and strength as a job of before has them: not once they were chosen here, nor where the address names another. */
  const settle = (job) => {
    const its = job && modelOf(job);
    if (touched || !its || (named && its.name !== named)) return;
    model.value = its.name;
    chooseModel();
    strength.value = job.arguments.settings?.strength ?? its.strength;
    tell();
  };
  const show = async (wanted) => {
    Object.entries(parts).forEach(([name, { node }]) => { node.hidden = name !== wanted; });
    song.turned();
    settle(found[wanted]);
    library.fit();
    const { [wanted]: job } = before;
    before[wanted] = null;
    if (job && found[wanted]) await parts[wanted].found(found[wanted]);
  };
  const first = before.library && last("song", "convert", "plan") === before.library ? "library" : "song";
  const which = choice("What to convert", [["song", "One song"], ["library", "A library"]], first, show);
  fill(room, el("section", { class: "card" }, el("div", { class: "grid" }, field("Model", model),
    el("div", { class: "field" }, el("label", { for: "strength" }, "Strength"), strength, value)), about), el("div", { class: "row" }, which),
  song.node, library.node);
  chooseModel();
  await show(first);
}

/** The newest job of these kinds; of a song that was not converted nothing is left to show. */
function last(...kinds) {
  return jobs.all().find(({ kind, status }) => kinds.includes(kind) && (kind !== "song" || ["running", "done"].includes(status)));
}

/** A path's address; what is no UTF-8 in it came as halves of surrogate pairs. */
function addressOf(path) {
  return path.split(/([\udc80-\udcff])/u)
    .map((part, index) => (index % 2 ? `%${(part.charCodeAt(0) & 0xff).toString(16)}` : encodeURIComponent(part))).join("");
}

function songs(options, chosen, modelOf) {
  const working = el("div");
  const heard = el("div", { class: "heard-here" });
  const after = el("div");
  const warned = new Map(); // by conversion: one that is there already comes without its warnings
  let source = null;
  let result = null;
  let turn = 0;
  let begun = null;
  let due = null;

  const draw = () => (result && !node.hidden ? showPlayer(heard, ...result) : null);
  const hear = async (its, ending) => {
    turn += 1;
    const mine = turn;
    fill(after);
    const whole = await attempt(working, ending);
    if (mine !== turn || whole?.status !== "done" || !node.isConnected) return;
    const [made] = (await get(`/api/jobs/${whole.id}/tracks`)).tracks;
    if (mine !== turn || !made) return;
    const styles = its ? [its.source, its === chosen() ? its.target : `${its.target}, ${its.name}`].map((name) => ` (${name})`) : ["", ""];
    const shots = [[`Source${styles[0]}`, source.at], [`Converted${styles[1]}`, made.target]];
    result = [source.name, shots];
    await draw();
    if (mine !== turn) return;
    const test = el("div");
    if (made.status !== "unchanged") warned.set(made.target, made.warnings);
    fill(after, (warned.get(made.target) || []).map((each) => el("p", { class: "warning" }, words(each))), el("div", { class: "row" },
      el("a", { class: "button", href: `/download?at=${made.target}`, download: "" }, "Download the conversion"),
      button("Can you hear it? Blind test", () => blindTest(test, "abx", [{ name: source.name, shots }]))), test);
  };
  const convert = () => hear(chosen(), () => jobs.run("song", { source: source.at, ...options() }, working, (id) => { begun = id; }));
  const take = (files) => attempt(working, async () => {
    if (files.some(isRecording)) {
      clearTimeout(due);
      turn += 1;
      result = null;
      fill(heard);
      fill(after);
    }
    const [sent] = await sendAll(files, (file) => `/api/songs/${encodeURIComponent(file.name)}`, working);
    if (sent) { source = sent; await convert(); }
  });
  const node = el("div", {}, dropZone("Drop one song here", take, { multiple: false }), working, heard, after);
  return {
    node,
    /** A player out of sight would be the one that keys play. */
    turned() {
      if (!node.hidden) return heard.childElementCount || draw();
      heard.dataset.player = "";
      return fill(heard);
    },
    /** Once the knob is left alone for a moment; what was begun with other settings is stopped. */
    again() {
      clearTimeout(due);
      if (!source || node.hidden) return;
      due = setTimeout(() => {
        if (!node.isConnected) return;
        if (jobs.job(begun)?.status === "running") jobs.stop(begun);
        convert();
      }, 500);
    },
    /** What goes on, or was done last; a player takes its time, and nobody waits for it. */
    found(job) {
      const path = job.arguments.source;
      source = { name: path.split("/").at(-1), at: addressOf(path) };
      begun = job.id;
      hear(modelOf(job), async () => (job.status === "running" ? jobs.watch(job.id, working) : job));
    },
  };
}

const GROUPS = [["all", "All"], ["failed", "Failed"], ["done", "Converted"], ["unchanged", "Up to date"]];
const FATES = { done: "converted", unchanged: "up to date" };

function libraries(options, chosen, modelOf, later) {
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
  let usual = null;

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

  /** What is shown of one job is not the next one's, nor that of one that could not begin. */
  const turnTo = (id) => {
    job = id;
    rows = [];
    result.hidden = true;
    facts.textContent = "";
    fill(below);
    fill(working, id ? jobs.card(id).node : null);
  };
  let reads = 0;
  let drawn = 0;
  const read = async () => {
    const its = job;
    const found = [];
    reads += 1;
    const mine = reads;
    for (;;) {
      const { total, tracks } = await get(`/api/jobs/${its}/tracks?from=${found.length}`);
      found.push(...tracks);
      if (!tracks.length || found.length >= total) break;
    }
    if (its !== job || mine < drawn) return; // a later one was quicker
    drawn = mine;
    rows = found;
    result.hidden = !rows.length;
    show();
  };
  const tell = (state) => {
    const counts = Object.entries(state.counts).filter(([, count]) => count).map(([name, count]) => `${count} ${FATES[name] || name}`);
    facts.textContent = counts.join(", ");
  };
  const follow = async (id) => {
    turnTo(id);
    await jobs.ended(id);
    if (id !== job) return;
    await read();
    const whole = await get(`/api/jobs/${id}`);
    if (id !== job) return;
    tell(whole);
    const { plan, converted } = whole.results;
    if (plan) facts.textContent += `; ${duration(plan.music_seconds)} of audio, about ${duration(plan.work_seconds)} to convert it, ${plan.workers} at once; starting, reading and writing take some more`;
    if (converted) facts.textContent += `; ${duration(converted.music_seconds)} of audio in ${duration(converted.seconds)}: ${converted.output}`;
  };
  let due = null;
  later(jobs.onChange((state) => {
    if (state.id !== job) return;
    tell(state);
    due ||= setTimeout(() => { due = null; if (job) read(); }, 1000);
  }));
  later(() => clearTimeout(due));

  /** A folder beside the recordings that was filled in is not that of other recordings, or of another style. */
  const fit = () => {
    if (usual && to.value === usual && usual !== `${from.input.value}-${chosen().target}`) to.value = "";
  };
  from.input.addEventListener("input", fit);

  const go = (kind, pressed) => attempt(trouble, async () => {
    if (jobs.job(job)?.status !== "running") turnTo(null);
    const source = await from.value();
    if (!source) throw Object.assign(new Error("No folder is named."), { hint: "type its path" });
    follow(await jobs.start(kind, { source, output: to.value.trim(), salvage: salvage.checked, ...options() }));
  }, pressed);
  const plan = button("Plan", () => go("plan", plan));
  const start = button("Convert", () => go("convert", start), { class: "main" });
  return {
    node: el("div", {}, el("section", { class: "card" }, from.node, field("Output", to, "Empty: a folder beside it."),
      el("div", { class: "row" }, el("label", {}, salvage, " Convert damaged files as far as they can be read"), el("span", { class: "grow" }), plan, start), trouble),
    working, result),
    fit,
    /** What goes on, or was done last, as it was asked for. */
    async found(before) {
      const { source, settings = {} } = before.arguments;
      from.input.value = source;
      to.value = settings.output || "";
      salvage.checked = Boolean(settings.salvage);
      const its = modelOf(before);
      usual = its ? `${source}-${its.target}` : null;
      fit();
      if (before.status === "running") follow(before.id);
      else { job = before.id; await read(); tell(before); }
    },
  };
}
