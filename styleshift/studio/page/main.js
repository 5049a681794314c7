// The frame of the page: which place is shown, the jobs below it, light and dark.
import { get } from "./api.js";
import { announce, el, fill, problem } from "./dom.js";
import * as jobs from "./jobs.js";
import { switchTheme } from "./player.js";
import { showStyles } from "./styles.js";
import { showTrain } from "./train.js";
import { showConvert } from "./convert.js";
import { showModels } from "./models.js";
import { showEvaluate } from "./evaluate.js";

const PLACES = {
  styles: ["Styles", showStyles],
  train: ["Train", showTrain],
  convert: ["Convert", showConvert],
  models: ["Models", showModels],
  evaluate: ["Evaluate", showEvaluate],
};
const content = document.getElementById("content");
let leave = () => {};
let shown = "";

/** Addresses are `#place` or `#place/what`, such as `#train/violin-piano`. */
function whereTo() {
  const [place, ...rest] = location.hash.slice(1).split("/");
  return [place in PLACES ? place : "styles", decodeURIComponent(rest.join("/"))];
}

async function show() {
  if (location.hash === "#content") return;
  const [place, what] = whereTo();
  leave();
  leave = () => {};
  document.querySelectorAll("nav a").forEach((link) => {
    if (link.hash === `#${place}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  const [title, build] = PLACES[place];
  document.title = `${title} – styleshift studio`;
  const room = el("div", { class: "room" });
  fill(content, el("h1", { tabindex: "-1" }, title), room);
  const moved = shown && shown !== place;
  shown = place;
  delete content.dataset.ready;
  const undo = [];
  leave = () => undo.forEach((step) => step());
  try {
    // A room may be left while the server still answers: it is not the one that is ready then, and undoes at once.
    await build(room, what, (step) => (room.isConnected ? undo.push(step) : step()));
    if (room.isConnected) content.dataset.ready = place;
  } catch (error) {
    fill(room, problem(error));
  }
  if (moved && room.isConnected) content.querySelector("h1")?.focus();
}

function lightAndDark() {
  const root = document.documentElement;
  try { root.dataset.theme = localStorage.getItem("theme") || ""; } catch { /* a browser that keeps nothing */ }
  if (!root.dataset.theme) delete root.dataset.theme;
  document.querySelector(".theme").addEventListener("click", () => {
    const theme = switchTheme();
    try { localStorage.setItem("theme", theme); } catch { /* likewise */ }
  });
}

lightAndDark();
jobs.showIn(document.getElementById("jobs"));
const told = jobs.follow();
window.addEventListener("hashchange", show);
window.addEventListener("unhandledrejection", (event) => announce(event.reason?.message || "Something went wrong."));
// A room looks for what goes on when it opens, so not before that is known.
Promise.all([get("/api/state"), told]).then(([state]) => {
  jobs.studio.state = state;
  return show();
}).catch((error) => fill(content, problem(error)));
