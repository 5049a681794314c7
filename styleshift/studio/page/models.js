// Models: what there is, what it learned from, who may use it, how good it is; checking, adding, removing.
import { get, remove, send } from "./api.js";
import { attempt, button, el, field, fill, problem, select, words } from "./dom.js";
import * as jobs from "./jobs.js";
import { dropZone } from "./picker.js";
import { exportRun } from "./train.js";

const PLACES = { shipped: "came with styleshift", user: "added by you", workspace: "made in this workspace" };

export async function showModels(room) {
  const trouble = el("div");
  const cards = el("div", { class: "cards wide" });
  const refresh = async () => {
    const { models, unreadable } = await get("/api/models");
    fill(cards, models.map((model) => card(model, trouble, refresh)),
      unreadable.map((message) => problem({ message })));
  };
  const add = (files) => attempt(trouble, async () => {
    await send(`/api/models/${encodeURIComponent(files[0].name)}`, files[0], jobs.studio.state.most_bytes);
    await refresh();
  });
  const { runs } = await get("/api/runs");
  fill(room, trouble, cards, dropZone("Drop a model file (.onnx) here to add it. A model is data: none of its code is run.", add,
    { multiple: false, accept: ".onnx" }), runs.length ? ofTraining(runs, refresh) : null);
  await refresh();
}

/** Makes the models of a training: export. */
function ofTraining(runs, refresh) {
  const run = select(runs.map(({ name }) => name));
  const working = el("div");
  const make = button("Export its best checkpoints", () => attempt(working, async () => {
    if (await exportRun(run.value, "best", working)) await refresh();
  }, make));
  return el("section", { class: "card" }, el("h2", {}, "From your own trainings"), el("div", { class: "row" }, field("Training", run), make), working);
}

function card(model, trouble, refresh) {
  const working = el("div");
  const check = button("Check", () => attempt(working, async () => {
    const whole = await jobs.run("verify", { model: model.name }, working);
    if (whole.status === "done") fill(working, el("p", { class: "good", role: "status" }, whole.last?.text || "intact"));
  }, check), { "aria-label": `Check ${model.name}` });
  const drop = button("Remove", () => confirmed(working, `Delete ${model.name} from your models?`, async () => {
    await remove(`/api/models/${encodeURIComponent(model.name)}`);
    await refresh();
  }), { "aria-label": `Remove ${model.name}` });
  const facts = [
    ["Where", PLACES[model.place] || model.place], ["Size", `${(model.bytes / 1e6).toFixed(1)} MB`], ["Licence", model.licence || "not said"],
    ["Hears up to", `${(model.sample_rate / 2000).toFixed(1)} kHz`], ["Strength", `${model.strength} unless told otherwise`],
  ];
  const made = [["Material", model.material], ["Recipe", model.recipe || model.recipe_name], ["Made with", model.made_by]];
  return el("article", { class: "card", "data-model": model.name },
    el("h2", {}, `${model.source} to ${model.target}`), el("p", { class: "soft" }, model.name), el("p", {}, model.summary),
    pairs(facts),
    el("details", {}, el("summary", {}, "How it was made"), pairs(made)),
    model.scores?.length ? el("details", {}, el("summary", {}, "Measured"), scores(model.scores, model.name), el("p", { class: "soft" }, words(model.scores_note || ""))) : null,
    model.bad_at?.length ? el("details", {}, el("summary", {}, "What it is bad at"), el("ul", {}, model.bad_at.map((text) => el("li", {}, words(text))))) : null,
    model.credits?.length ? el("details", {}, el("summary", {}, "Credits"), el("ul", {}, model.credits.map((text) => el("li", {}, words(text))))) : null,
    el("details", {}, el("summary", {}, "Where it comes from"), pairs(Object.entries(model.provenance))),
    el("div", { class: "row" }, el("a", { class: "button main", href: `#convert/${encodeURIComponent(model.name)}` }, "Convert with it"), check,
      el("a", { class: "button", href: `/api/models/${encodeURIComponent(model.name)}/file`, download: "" }, "Download"),
      model.place === "user" ? drop : null), working);
}

function pairs(facts) {
  return el("dl", { class: "pairs" }, facts.filter(([, text]) => text !== undefined && text !== "")
    .map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, words(text)))));
}

function scores(rows, name) {
  const heads = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const called = (head) => jobs.studio.state.figures[head]?.called || head;
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Scores of ${name}` }, el("table", { class: "scores" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, called(head))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, heads.map((head) => el("td", {}, row[head] || "")))))));
}

/** Asks once more before something is deleted. */
function confirmed(place, question, work) {
  const yes = button("Delete it", () => attempt(place, work, yes), { class: "danger" });
  fill(place, el("div", { class: "row" }, el("span", {}, question), yes, button("Keep it", () => fill(place))));
  yes.focus();
}
