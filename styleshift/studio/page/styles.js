// Styles: the collections, how much there is of each, what was left out and why; adding to them; listening.
import { get, post } from "./api.js";
import { attempt, button, choice, count, duration, el, field, fill, minutes, select } from "./dom.js";
import { showPlayer } from "./hear.js";
import * as jobs from "./jobs.js";
import { longList } from "./list.js";
import { dropZone, folderField, sendAll } from "./picker.js";

export async function showStyles(room, what, later) {
  const cards = el("div", { class: "cards" });
  const working = el("div");
  const one = el("section", { class: "card", hidden: true });
  fill(room, el("p", { class: "lead" }, "A style is a collection of recordings. Ten minutes are enough to begin; an hour is better."),
    working, cards, one, adding(working, refresh));
  later(jobs.onChange((job) => job.kind === "prepare" && job.status !== "running" && refresh()));
  jobs.running("prepare").forEach((job) => working.append(jobs.card(job.id).node));
  await refresh();
  if (what) await open(one, what);

  async function refresh() {
    const { styles } = await get("/api/styles");
    fill(cards, styles.length ? styles.map((style) => summary(style, working, one))
      : el("p", { class: "empty" }, "There are no styles yet. Drop the recordings of one below."));
  }
}

function summary(style, working, one) {
  const facts = [
    style.tracks || !style.new ? `${count(style.tracks, "recording")}, ${duration(style.minutes * 60)}` : "",
    style.left_out ? `${style.left_out} left out` : "",
    style.new ? `${style.new} not read yet` : "",
  ].filter(Boolean);
  return el("article", { class: "card style", "data-style": style.name },
    el("h2", {}, style.name),
    el("p", {}, facts.join(", ")),
    el("div", { class: "row" },
      button("Recordings", () => open(one, style.name), { "aria-label": `Recordings of ${style.name}` }),
      style.here ? button("Read again", () => prepare([style.name], working), { "aria-label": `Read again: ${style.name}` }) : null));
}

/** Reads styles anew; `wanted` may name a recipe, and changes to it. */
export function prepare(names, place, wanted = {}) {
  return attempt(place, () => jobs.run("prepare", { ...wanted, styles: names }, place));
}

async function open(place, name) {
  const { recordings } = await get(`/api/styles/${encodeURIComponent(name)}`);
  const below = el("div", { class: "below" });
  const list = longList(`Recordings of ${name}`, (row) => [
    el("span", { class: "name" }, row.name),
    el("span", { class: "soft" }, row.message || row.warnings.join("; ") || (row.status === "new" ? "not read yet" : "")),
    el("span", { class: "badge", "data-status": row.status }, row.reason || row.status),
    el("span", { class: "number" }, row.seconds ? minutes(row.seconds) : ""),
  ], (row) => {
    if (row.at) return showPlayer(below, row.name, [[name, row.at]]);
    return fill(below, el("p", { class: "soft" }, "Name the folder that holds this style's folder below, to hear it."));
  });
  const parts = [["all", "All"], ["left out", "Left out"], ["new", "Not read yet"]];
  const filter = choice("Which recordings", parts, "all", (wanted) => {
    list.set(recordings.filter((row) => wanted === "all" || row.status === wanted));
  });
  place.hidden = false;
  fill(place, el("h2", { tabindex: "-1" }, name), el("div", { class: "row" }, filter), list.node, below);
  list.set(recordings);
  place.querySelector("h2").focus();
}

function adding(working, refresh) {
  const name = el("input", { type: "text", placeholder: "violin", autocomplete: "off" });
  const recipe = select(jobs.studio.state.recipes, jobs.studio.state.recipe);
  const trouble = el("div");
  const folder = folderField("Or a folder on this computer", "Its recordings stay where they are.");
  const into = () => {
    const style = name.value.trim();
    if (!style) {
      name.focus();
      throw Object.assign(new Error("Give the style a name first."), { hint: "such as violin" });
    }
    return style;
  };
  const read = async (style) => {
    await refresh();
    await prepare([style], working, { recipe: recipe.value });
    await refresh();
  };
  const take = (files) => attempt(trouble, async () => {
    const style = into();
    const path = (file) => `/api/styles/${encodeURIComponent(style)}/files/${encodeURIComponent(file.name)}`;
    const sent = await sendAll(files, path, working);
    if (sent.length) await read(style);
  });
  const link = button("Add the folder", () => attempt(trouble, async () => {
    const style = into();
    await post(`/api/styles/${encodeURIComponent(style)}/folders`, { path: folder.input.value.trim() });
    await read(style);
  }, link));
  return el("section", { class: "card" }, el("h2", {}, "Add recordings"),
    field("Style", name, "A new name makes a new style."),
    dropZone("Drop recordings of this style here, or whole folders of them", take), folder.node,
    el("details", {}, el("summary", {}, "More"),
      field("Recipe", recipe, "What the style is to be trained with. Train reads it again where it needs another.")), link, trouble);
}
