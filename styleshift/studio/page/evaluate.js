// Evaluate: conversions in figures, each explained in a line, with the recordings beside them; and blind tests.
import { get } from "./api.js";
import { attempt, button, choice, el, field, fill, modelWords, problem, select, words } from "./dom.js";
import { blindTest } from "./blind.js";
import { showPlayer } from "./hear.js";
import * as jobs from "./jobs.js";
import { longList } from "./list.js";
import { folderField } from "./picker.js";

export async function showEvaluate(room) {
  const { models } = await get("/api/models");
  const working = el("div");
  const result = el("div");
  const tests = el("section", { class: "card" });
  const before = jobs.all().filter((each) => each.kind === "evaluate");
  const show = (id) => attempt(working, async () => report(result, await get(`/api/jobs/${id}`), () => saved(tests)));
  fill(room, form(models, working, show), working,
    before.length ? el("div", { class: "row" }, before.slice(0, 8).map((each) => button(`${each.title}, ${when(each.started)}`, () => show(each.id), { class: "small" }))) : null,
    result, tests);
  await saved(tests);
  const last = before[0];
  if (last?.status === "running") {
    fill(working, jobs.card(last.id).node);
    jobs.ended(last.id).then(() => show(last.id));
  } else if (last?.status === "done") await show(last.id);
}

const when = (seconds) => new Date(seconds * 1000).toLocaleString();

function form(models, working, show) {
  const model = select(models.map((each) => [each.name, modelWords(each)]));
  const converted = folderField("Conversions", "What a model made.");
  const source = folderField("Sources", "What was, or is to be, converted.");
  const target = folderField("Recordings in the target style", "Real ones, to compare with.");
  const truth = folderField("The truth, if there is one", "The same pieces or sentences as they really are in the target style, under the same names.");
  const align = el("input", { type: "checkbox" });
  const trouble = el("div");
  let kind = "model";
  const modelField = field("Model", model);
  converted.node.hidden = true;
  const which = choice("What to evaluate", [["model", "A model"], ["folder", "A folder of conversions"]], "model", (value) => {
    kind = value;
    modelField.hidden = kind !== "model";
    converted.node.hidden = kind !== "folder";
  });
  const start = button("Evaluate", () => attempt(trouble, async () => {
    const values = {
      model: kind === "model" ? model.value : "", align: align.checked,
      source: await source.value(), target: await target.value(), truth: await truth.value(),
      converted: kind === "folder" ? await converted.value() : null,
    };
    const whole = await jobs.run("evaluate", values, working);
    if (whole.status === "done") await show(whole.id);
  }, start), { class: "main" });
  return el("section", { class: "card" }, el("h2", {}, "Measure"), el("div", { class: "row" }, which), el("div", { class: "grid wide" }, modelField, converted.node, source.node, target.node, truth.node),
    el("div", { class: "row" }, el("label", {}, align, " Speech: align in time"), el("span", { class: "grow" }), start), trouble);
}

const figure = (value) => (value === undefined || value === null ? "" : value.toFixed(2));

function report(place, job, tested) {
  const rows = job.rows.file || [];
  const { mean, verdict, interval = {}, tags = {} } = job.results.evaluated || { mean: {}, verdict: job.error?.message || "" };
  const known = jobs.studio.state.figures;
  const called = (name) => known[name]?.called || name;
  const below = el("div", { class: "below" });
  const shots = (row) => [...(row.source ? [["Source", row.source]] : []), ["Converted", row.target]];
  const ofEach = Object.keys(mean).filter((name) => rows.some((row) => row.figures && name in row.figures));
  const listed = select(ofEach.map((name) => [name, called(name)]));
  const list = longList("Conversions", (row) => [
    el("span", { class: "name" }, row.name),
    row.message ? el("span", { class: "soft" }, row.message) : el("span", { class: "number" }, figure(row.figures[listed.value])),
  ], async (row) => {
    if (row.message) { fill(below, problem({ message: row.message })); return; }
    await showPlayer(below, row.name, shots(row));
    below.append(el("p", { class: "figures" }, Object.entries(row.figures).map(([name, value]) => el("span", {}, `${called(name)} `, el("b", {}, figure(value))))));
  });
  const highestFirst = (one, other) => (other.figures?.[listed.value] ?? -Infinity) - (one.figures?.[listed.value] ?? -Infinity);
  const order = () => list.set([...rows].sort(highestFirst));
  listed.addEventListener("change", order);
  const pairs = rows.filter((row) => row.source && row.target && !row.message).map((row) => ({ name: row.name, shots: shots(row) }));
  const test = el("div");
  const ends = (name) => (interval[name] ? `${figure(interval[name][0])} to ${figure(interval[name][1])}` : "");
  fill(place, el("section", { class: "card" }, el("h2", {}, job.title), el("p", { class: "verdict" }, words(verdict)),
    el("div", { class: "beside" },
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Figures" }, el("table", { class: "figures-table" },
        el("thead", {}, el("tr", {}, ["Figure", "Mean", "95 % of means"].map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, Object.entries(mean).map(([name, value]) => el("tr", {},
          el("th", { scope: "row" }, called(name), " ", el("code", { class: "soft" }, name), el("p", { class: "soft" }, known[name]?.means || "")),
          el("td", { class: "number" }, figure(value)), el("td", { class: "number soft" }, ends(name))))))),
      el("div", {}, ofEach.length ? field("Conversions, ordered by", listed) : null, rows.length ? list.node : null, below)),
    tagsTable(known.tags, Object.entries(tags)),
    pairs.length ? el("div", { class: "row" }, el("b", {}, "Blind test with these:"),
      button("ABX", () => blindTest(test, "abx", pairs, tested)), button("Rating (MUSHRA-like)", () => blindTest(test, "mushra", pairs, tested))) : null, test));
  order();
}

function tagsTable({ called, means }, rows) {
  if (!rows.length) return null;
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": called }, el("h3", {}, called), el("p", { class: "soft" }, means),
    el("table", { class: "figures-table" },
      el("thead", {}, el("tr", {}, ["Tag", ...Object.keys(rows[0][1])].map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map(([tag, heard]) => el("tr", {}, el("th", { scope: "row" }, tag), Object.values(heard).map((value) => el("td", { class: "number" }, figure(value))))))));
}

async function saved(place) {
  const { tests } = await get("/api/tests");
  fill(place, el("h2", {}, "Answers of blind tests"), tests.length
    ? el("ul", {}, tests.map((name) => el("li", {}, el("a", { href: `/api/tests/${name}`, download: "" }, name))))
    : el("p", { class: "empty" }, "None yet. Each test is kept as a CSV file in the workspace."));
}
