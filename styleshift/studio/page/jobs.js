// What is being done, on this server or by one before it: one stream of events keeps every tab up to date.
import { get, post } from "./api.js";
import { announce, attempt, button, el, fill, words } from "./dom.js";

export const studio = { state: null };
const known = new Map();
const listeners = new Set();

/** Calls `listener(job)` at each change of any job; returns how to stop that. */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const all = () => [...known.values()].sort((a, b) => b.started - a.started);
export const job = (id) => known.get(id);
export const running = (...kinds) => all().filter((each) => each.status === "running" && kinds.includes(each.kind));

/** Resolves once the jobs that there are have been told, or cannot be. */
export function follow() {
  const source = new EventSource("/api/events");
  source.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    told.gone.forEach((id) => known.delete(id));
    for (const state of told.jobs) {
      const before = known.get(state.id);
      known.set(state.id, state);
      if (before && before.status !== state.status) announce(`${state.title}: ${state.status}`);
      listeners.forEach((listener) => listener(state));
    }
    document.body.classList.remove("alone");
  });
  source.addEventListener("error", () => document.body.classList.add("alone"));
  return new Promise((done) => ["message", "error"].forEach((kind) => source.addEventListener(kind, done, { once: true })));
}

export async function start(kind, values) {
  const { id } = await post(`/api/jobs/${kind}`, values);
  return id;
}

export const stop = (id) => post(`/api/jobs/${id}/stop`);

/** Starts a job and waits for its end; its card is shown in `place` meanwhile. */
export async function run(kind, values, place, begun = () => {}) {
  const id = await start(kind, values);
  begun(id);
  return watch(id, place);
}

/** Waits for the end of a job; its card is shown in `place` meanwhile. */
export async function watch(id, place) {
  const shown = card(id);
  fill(place, shown.node);
  await ended(id);
  const whole = await get(`/api/jobs/${id}`);
  if (whole.status === "done") { shown.close(); fill(place); }
  return whole;
}

export function ended(id) {
  return new Promise((done) => {
    const check = () => {
      const state = known.get(id);
      if (state && state.status !== "running") { leave(); done(state); }
    };
    const leave = onChange(check);
    check();
  });
}

const STATUS = { running: "running", done: "done", stopped: "stopped", failed: "failed", died: "ended without a word" };

/** A card that shows how a job goes, and stops it. */
export function card(id) {
  const title = el("b");
  const status = el("span", { class: "badge" });
  const stopper = button("Stop", () => attempt(trouble, () => stop(id), stopper));
  const bars = el("div", { class: "bars" });
  const last = el("p", { class: "soft last" });
  const trouble = el("div");
  const log = el("pre", { tabindex: "0", "aria-label": "What it said" });
  const more = el("details", {}, el("summary", {}, "What it said"), log);
  more.addEventListener("toggle", () => more.open && readLog());
  const node = el("section", { class: "job", "data-job": id, "aria-label": "Job" },
    el("div", { class: "row" }, title, status, el("span", { class: "grow" }), stopper), bars, last, trouble, more);

  async function readLog() {
    const { messages } = await get(`/api/jobs/${id}`);
    log.textContent = messages.map((each) => `${each.level === "warning" ? "warning: " : ""}${each.text}`).join("\n");
  }

  let said = -1;
  function draw() {
    const state = known.get(id);
    if (!state) return;
    title.textContent = state.title;
    status.textContent = STATUS[state.status];
    status.dataset.status = state.status;
    stopper.hidden = state.status !== "running";
    fill(bars, state.tasks.map(bar));
    const sentence = state.last && (state.status === "running" || state.last.level === "warning");
    const waiting = state.status === "running" && !state.tasks.length ? "Starting…" : null;
    fill(last, sentence ? words(state.last.text) : waiting);
    if (state.error) {
      fill(trouble, el("div", { class: "problem" }, el("p", {}, words(state.error.message)),
        state.error.hint ? el("p", { class: "soft" }, "Try: ", words(state.error.hint)) : null));
    }
    if (state.said !== said && more.open) readLog();
    said = state.said;
  }

  const close = onChange((state) => state.id === id && draw());
  draw();
  return { node, close };
}

function bar(task) {
  const figures = Object.entries(task.figures)
    .map(([name, value]) => `${name} ${typeof value === "number" ? value.toPrecision(3) : value}`).join("  ");
  const count = task.total === null ? `${Math.round(task.done)} ${task.unit}`
    : `${Math.round(task.done)} of ${Math.round(task.total)} ${task.unit}`;
  return el("div", { class: "task" },
    el("span", {}, task.label),
    el("progress", { max: task.total || 1, ...(task.total === null ? {} : { value: task.done }), "aria-label": task.label }),
    el("span", { class: "soft figures" }, [count.trim(), figures].filter(Boolean).join("   ")));
}

/** The line at the foot of the page: how much is being done, and where. */
export function showIn(place) {
  const where = { prepare: "styles", train: "train", resume: "train", export: "train", verify: "models", evaluate: "evaluate" };
  const draw = () => {
    const busy = all().filter((each) => each.status === "running");
    place.hidden = !busy.length;
    fill(place, busy.map((each) => el("a", { href: `#${where[each.kind] || "convert"}` }, each.title,
      each.tasks.length ? el("span", { class: "soft" }, ` ${each.tasks.at(-1).label}`) : null)));
  };
  onChange(draw);
}
