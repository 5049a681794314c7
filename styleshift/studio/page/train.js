// Train: two styles, a recipe, a time; curves and excerpts as they come; runs beside each other; a checkpoint to use.
import { adopt } from "./player.js";
import { get, post } from "./api.js";
import { attempt, button, el, field, fill, parsed, select } from "./dom.js";
import * as jobs from "./jobs.js";
import { prepare } from "./styles.js";

const SECONDS_BETWEEN = 2;
// The players of the run that is shown: they are not taken from under who listens.
const heard = new WeakMap();

export async function showTrain(room, what, later) {
  const working = el("div");
  const history = el("section", { class: "card" });
  const compared = el("div", { class: "curves" });
  const one = el("section");
  let shown = what;
  const followed = new Set();
  const follow = (id) => {
    if (followed.has(id)) return;
    followed.add(id);
    const { node, close } = jobs.card(id);
    working.append(node);
    later(close);
  };
  const { styles } = await get("/api/styles");
  fill(room, working, beginning(styles), one, history, compared);

  const show = async (name) => {
    shown = name;
    history.querySelectorAll("[data-run]").forEach((row) => row.classList.toggle("chosen", row.dataset.run === name));
    await describe(one, name, working);
  };
  const refresh = async () => {
    const { runs } = await get("/api/runs");
    table(history, compared, runs, show, shown);
    if (!shown && runs.length) shown = runs[0].name;
    if (shown && runs.some((run) => run.name === shown)) await describe(one, shown, working);
  };

  let due = null;
  later(jobs.onChange((job) => {
    if (!["train", "resume"].includes(job.kind)) return;
    if (job.status === "running") follow(job.id);
    due ||= setTimeout(async () => {
      due = null;
      const { results } = await get(`/api/jobs/${job.id}`);
      if (job.status === "running" && results.run) shown = results.run.name;
      await refresh();
    }, SECONDS_BETWEEN * 1000);
  }));
  later(() => clearTimeout(due));
  jobs.running("train", "resume", "export").forEach((job) => follow(job.id));
  await refresh();
}

function beginning(styles) {
  const names = styles.filter((style) => style.tracks).map((style) => style.name);
  const a = select(names, names[0]);
  const b = select(names, names[1]);
  const recipe = select(jobs.studio.state.recipes, jobs.studio.state.recipe);
  const time = el("input", { type: "number", min: "0.1", step: "any", value: "30", inputmode: "decimal" });
  const steps = el("input", { type: "number", min: "1", step: "1", inputmode: "numeric" });
  const name = el("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  const changes = el("textarea", { rows: "3", spellcheck: "false", placeholder: "data.crop_frames=96" });
  const unfit = el("div", { role: "status" });
  const trouble = el("div");
  const wanted = () => ({
    styles: [a.value, b.value], recipe: recipe.value,
    changes: changes.value.split("\n").map((line) => line.trim()).filter(Boolean),
  });
  const check = () => attempt(unfit, async () => {
    const asked = wanted();
    const { misfits } = await post("/api/fit", asked);
    const still = JSON.stringify(asked) === JSON.stringify(wanted());
    if (misfits.length && still) fill(unfit, anew(misfits, asked, check));
  });
  [a, b, recipe, changes].forEach((control) => control.addEventListener("change", check));
  const start = button("Start training", () => attempt(trouble, () => jobs.start("train", {
    ...wanted(), name: name.value.trim(), minutes: Number(time.value) || null, steps: Number(steps.value) || null,
  }), start), { class: "main" });
  if (names.length < 2) {
    return el("section", { class: "card" }, el("h2", {}, "New training"),
      el("p", {}, "A training needs two styles that were read. ", el("a", { href: "#styles" }, "Add them in Styles"), "."));
  }
  check();
  return el("section", { class: "card" }, el("h2", {}, "New training"),
    el("div", { class: "grid" }, field("One style", a), field("The other style", b), field("Recipe", recipe),
      field("Minutes", time, "How long it may learn; it can be continued later.")),
    el("details", {}, el("summary", {}, "More"), el("div", { class: "grid" },
      field("Steps", steps, "Instead of, or besides, minutes."), field("Name", name, "Empty: made of the styles."),
      field("Settings of the recipe", changes, "One TABLE.KEY=VALUE a line."))),
    // Below the button: what appears or goes as a field is left must not move it from under the pointer.
    start, trouble, unfit);
}

/** Says that styles were read for other settings than the training wants, and reads them anew. */
function anew(misfits, wanted, done) {
  const names = misfits.map(({ style }) => style);
  const both = names.join(" and ");
  const working = el("div");
  const read = button(`Read ${both} again for ${wanted.recipe}`, async () => {
    read.disabled = true;
    const whole = await prepare(names, working, wanted);
    read.disabled = false;
    if (whole?.status === "done") done();
  });
  return el("div", { class: "notice" },
    el("p", {}, el("b", {}, `${both} ${names.length > 1 ? "were" : "was"} read for another recipe than ${wanted.recipe}.`),
      " Reading again takes a minute or so; a run that learned from the old reading cannot be continued then."),
    el("details", {}, el("summary", {}, "What differs"), misfits.map(({ style, differs }) => el("p", { class: "soft" }, `${style}: ${differs}`))), read, working);
}

const score = (value) => (value === null || value === undefined ? "" : value.toFixed(3));

function table(place, compared, runs, show, shown) {
  const marked = new Set([...place.querySelectorAll("input:checked")].map((box) => box.value));
  const redraw = async () => {
    const names = [...place.querySelectorAll("input:checked")].map((box) => box.value);
    if (!names.length) { fill(compared); return; }
    const query = names.slice(0, 4).map((name) => `run=${encodeURIComponent(name)}`).join("&");
    fill(compared, parsed(await get(`/api/compare?${query}`)));
  };
  if (!runs.length) { fill(place, el("h2", {}, "Runs"), el("p", { class: "empty" }, "Nothing was trained here yet.")); return; }
  fill(place, el("h2", {}, "Runs"), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Runs" }, el("table", {},
    el("thead", {}, el("tr", {}, ["Compare", "Run", "Recipe", "Steps", "Minutes", "Best score", "Judged"].map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, runs.map((run) => el("tr", { "data-run": run.name, class: run.name === shown ? "chosen" : "" },
      el("td", {}, el("input", {
        type: "checkbox", value: run.name, checked: marked.has(run.name), "aria-label": `Compare ${run.name}`, on: { change: redraw },
      })),
      el("td", {}, button(run.name, () => show(run.name), { class: "link" })),
      el("td", {}, run.recipe_name), el("td", { class: "number" }, run.step), el("td", { class: "number" }, run.minutes.toFixed(1)),
      el("td", { class: "number" }, score(run.score)),
      el("td", { class: "wordy" }, Object.entries(run.verdicts).map(([way, verdict]) => el("p", {}, el("b", {}, `${way}: `), verdict)))))))));
}

async function describe(place, name, working) {
  const run = await get(`/api/runs/${encodeURIComponent(name)}`);
  if (place.dataset.run !== name) {
    fill(place, el("h2", {}), el("div", { class: "verdicts" }), el("div", { class: "row actions" }), el("div", { class: "trouble" }),
      el("p", { class: "soft" }, "The score counts: how far the style moved and how much stayed of what is played or said, in recordings that were held out. "
        + "The other curves are losses; they show that it learns, not how it sounds."),
      el("div", { class: "curves" }), el("div", { class: "excerpts" }), el("details", { class: "card kept" }));
    place.dataset.run = name;
    place.dataset.page = "";
    actions(place, run, working);
  }
  place.querySelector("h2").textContent = `${run.name}: step ${run.step}, ${run.minutes.toFixed(1)} minutes`;
  fill(place.querySelector(".verdicts"), Object.entries(run.verdicts)
    .map(([way, verdict]) => el("p", {}, el("b", {}, `${way}: `), verdict)));
  fill(place.querySelector(".curves"), parsed(run.curves));
  checkpoints(place.querySelector(".kept"), run, working);
  const listening = (heard.get(place) || []).some((pair) => pair.running);
  if (run.page && place.dataset.page !== String(run.page) && !listening) {
    place.dataset.page = String(run.page);
    const chosen = (heard.get(place) || []).map((pair) => pair.heard);
    const pairs = await excerpts(place.querySelector(".excerpts"), name);
    pairs.forEach((pair, index) => pair.choose(chosen[index] || 0));
    heard.set(place, pairs);
  }
}

function actions(place, run, working) {
  const time = el("input", { type: "number", min: "0.1", step: "any", inputmode: "decimal", placeholder: "as before" });
  const trouble = place.querySelector(".trouble");
  const go = button("Continue", () => attempt(trouble, () => jobs.start("resume", {
    run: run.name, minutes: Number(time.value) || null,
  }), go));
  const use = button("Use its best checkpoints", () => exportRun(run.name, "best", working), { class: "main" });
  fill(place.querySelector(".actions"), use, el("span", { class: "grow" }), field("Minutes in all", time), go);
}

/** Makes models of a checkpoint; returns whether they were made. */
export async function exportRun(run, checkpoint, working) {
  const whole = await attempt(working, () => jobs.run("export", { run, checkpoint }, working));
  if (whole?.status !== "done") return false;
  fill(working, el("div", { class: "card good", role: "status" }, el("p", {}, "Made ",
    (whole.rows.exported || []).map((made) => `${made.source} to ${made.target}`).join(" and "), ". ",
    el("a", { href: "#convert" }, "Convert something with it"), ".")));
  return true;
}

function checkpoints(place, run, working) {
  const open = place.open;
  fill(place, el("summary", {}, `${run.checkpoints.length} checkpoints`), el("table", {},
    el("thead", {}, el("tr", {}, ["Step", "Scores", ""].map((head) => (head ? el("th", { scope: "col" }, head) : el("td"))))),
    el("tbody", {}, run.checkpoints.map((each) => el("tr", {}, el("td", {}, each.step),
      el("td", {}, Object.entries(each.scores).map(([way, value]) => `${way} ${score(value)}`).join(", ")),
      el("td", {}, button("Use this checkpoint", () => exportRun(run.name, String(each.step), working), {
        class: "small", "aria-label": `Use the checkpoint of step ${each.step}`,
      })))))));
  place.open = open;
}

/** The players of the page that the training writes, as they are. */
async function excerpts(place, name) {
  const html = await get(`/api/runs/${encodeURIComponent(name)}/page`);
  // Without its own style and script, which are not for here.
  const parts = parsed(html.slice(html.indexOf("<main>"), html.lastIndexOf("</main>")));
  const players = parts.flatMap((part) => (part.querySelectorAll ? [...part.querySelectorAll("section.pair")] : []));
  if (!players.length) { fill(place); return []; }
  fill(place, el("h2", {}, "Excerpts"), el("p", { class: "soft" }, "What was held out of training, where there is enough of it: source, converted, and there and back."), players);
  return adopt(place);
}
