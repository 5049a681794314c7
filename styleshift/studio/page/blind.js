// Blind tests: ABX (is X the one or the other?) and ratings in an unknown order beside an open reference.
import { Elements } from "./player.js";
import { post } from "./api.js";
import { attempt, button, el, field, fill, problem } from "./dom.js";
import { soundsOf } from "./hear.js";

const TRIALS = 8;
const shuffled = (values) => values.map((value) => [Math.random(), value]).sort((a, b) => a[0] - b[0]).map(([, value]) => value);

/** Asks who listens, then tests; `pairs` are `{name, shots: [[name, address], ...]}`. */
export function blindTest(place, kind, pairs, done = () => {}) {
  const listener = el("input", { type: "text", autocomplete: "off", value: "listener 1" });
  const trials = el("input", { type: "number", min: "1", max: "40", value: kind === "abx" ? TRIALS : Math.min(pairs.length, TRIALS) });
  const question = el("input", { type: "text", value: "How good does this sound?" });
  const run = kind === "abx" ? abx : mushra;
  const begin = button("Begin", () => attempt(trouble, () => {
    const options = { listener: listener.value.trim(), trials: Math.max(1, Number(trials.value) || 1), question: question.value.trim() };
    return run(place, pairs, options, done);
  }, begin), { class: "main" });
  const trouble = el("div");
  fill(place, el("section", { class: "card test", "data-own-keys": true },
    el("h2", {}, kind === "abx" ? "ABX: which of the two is X?" : "Rate what you hear, from 0 to 100"),
    el("div", { class: "grid" }, field("Who listens", listener), field("Trials", trials), kind === "abx" ? null : field("Question", question)), begin, trouble));
  listener.focus();
}

/** A deck of loudness-matched sounds that run in step, with its play button. */
async function deckOf(name, shots, order) {
  const sounds = await soundsOf(name, shots);
  const audios = order.map((index) => {
    const audio = el("audio", { preload: "auto", src: sounds[index].source });
    audio.volume = sounds[index].volume;
    return audio;
  });
  const deck = new Elements(audios);
  await deck.load();
  let running = false;
  let heard = 0;
  let plays = 0;
  const play = button("▶ Play", () => (running ? stop() : begin()), { class: "play" });
  const begin = () => { running = true; plays += 1; play.textContent = "❚❚ Pause"; deck.start(deck.time() >= deck.seconds - 0.05 ? 0 : deck.time(), heard); };
  const stop = () => { running = false; play.textContent = "▶ Play"; deck.stop(); };
  audios.forEach((audio) => audio.addEventListener("ended", stop));
  return {
    play, stop, plays: () => plays, audios,
    hear(index) { heard = index; deck.hear(index); },
  };
}

function switches(names, hear) {
  const buttons = names.map((name, index) => button(name, () => choose(index), { "aria-pressed": "false" }));
  const choose = (index) => {
    buttons.forEach((each, at) => each.setAttribute("aria-pressed", String(at === index)));
    hear(index);
  };
  choose(0);
  return { buttons, choose };
}

function keysFor(node, actions) {
  node.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input[type=text], input[type=number]")) return;
    const act = actions[event.key.toLowerCase()];
    if (!act || (event.key === " " && event.target.matches("button"))) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}

async function abx(place, pairs, options, done) {
  const rows = [];
  for (let trial = 1; trial <= options.trials; trial += 1) {
    const pair = pairs[(trial - 1) % pairs.length];
    const isA = Math.random() < 0.5;
    const deck = await deckOf(pair.name, pair.shots.slice(0, 2), [0, 1, isA ? 0 : 1]);
    const began = performance.now();
    const answer = await new Promise((decide) => {
      const { buttons, choose } = switches(["A", "B", "X"], (index) => deck.hear(index));
      const node = el("section", { class: "card test", "data-own-keys": true, tabindex: "-1", "aria-label": "ABX test" },
        el("h2", {}, `Trial ${trial} of ${options.trials}`), el("p", { class: "soft" }, pair.name),
        el("div", { class: "row" }, deck.play, ...buttons, el("span", { class: "grow" }),
          button("X is A", () => decide("a")), button("X is B", () => decide("b"))), ...deck.audios,
        el("p", { class: "soft" }, el("kbd", {}, "Space"), " play, ", el("kbd", {}, "A"), " ", el("kbd", {}, "B"), " ", el("kbd", {}, "X"), " hear, ",
          el("kbd", {}, "1"), " X is A, ", el("kbd", {}, "2"), " X is B"));
      keysFor(node, {
        " ": () => deck.play.click(), a: () => choose(0), b: () => choose(1), x: () => choose(2), 1: () => decide("a"), 2: () => decide("b"),
      });
      fill(place, node);
      node.focus();
    });
    deck.stop();
    rows.push({
      listener: options.listener, trial, recording: pair.name, a: pair.shots[0][0], b: pair.shots[1][0], x: isA ? "a" : "b", answer,
      correct: answer === (isA ? "a" : "b"), seconds: Math.round((performance.now() - began) / 100) / 10, plays: deck.plays(),
    });
  }
  await finish(place, "abx", rows, done, (result) => `${result.correct} of ${result.trials} right. Who only guesses does as well `
    + `${(100 * result.chance).toFixed(1)} % of the time${result.chance < 0.05 ? ": you hear the difference." : ": no proof that the two are heard apart."}`);
}

async function mushra(place, pairs, options, done) {
  const rows = [];
  for (let trial = 1; trial <= options.trials; trial += 1) {
    const pair = pairs[(trial - 1) % pairs.length];
    const order = shuffled(pair.shots.map((_, index) => index));
    const deck = await deckOf(pair.name, pair.shots, [0, ...order]);
    const began = performance.now();
    const ratings = await new Promise((decide) => {
      const letters = order.map((_, index) => `Stimulus ${index + 1}`);
      const { buttons, choose } = switches(["Reference", ...letters], (index) => deck.hear(index));
      const sliders = letters.map((name) => el("input", { type: "range", min: "0", max: "100", step: "1", value: "50", "aria-label": `Rating of ${name}` }));
      const values = sliders.map((slider) => {
        const value = el("output", {}, "50");
        slider.addEventListener("input", () => { value.textContent = slider.value; });
        return value;
      });
      const node = el("section", { class: "card test", "data-own-keys": true, tabindex: "-1", "aria-label": "Rating" },
        el("h2", {}, `${options.question} Trial ${trial} of ${options.trials}`), el("p", { class: "soft" }, pair.name, ". One of them is the reference itself."),
        el("div", { class: "row" }, deck.play, buttons[0]),
        el("div", { class: "ratings" }, order.map((_, index) => el("div", { class: "row" }, buttons[index + 1], sliders[index], values[index]))),
        el("div", { class: "row" }, el("span", { class: "grow" }), button("Next", () => decide(sliders.map((slider) => Number(slider.value))), { class: "main" })), ...deck.audios,
        el("p", { class: "soft" }, el("kbd", {}, "Space"), " play, ", el("kbd", {}, "0"), " reference, ", el("kbd", {}, "1"), " to ", el("kbd", {}, String(order.length)), " the others"));
      keysFor(node, {
        " ": () => deck.play.click(), ...Object.fromEntries(buttons.map((_, index) => [String(index), () => choose(index)])),
      });
      fill(place, node);
      node.focus();
    });
    deck.stop();
    order.forEach((index, position) => rows.push({
      listener: options.listener, trial, question: options.question, recording: pair.name, stimulus: pair.shots[index][0], position: position + 1,
      rating: ratings[position], seconds: Math.round((performance.now() - began) / 100) / 10, plays: deck.plays(),
    }));
  }
  await finish(place, "mushra", rows, done, (result) => Object.entries(result.means).map(([name, mean]) => `${name}: ${mean.toFixed(0)}`).join(", "));
}

async function finish(place, kind, rows, done, words) {
  try {
    const result = await post("/api/tests", { kind, rows });
    const told = el("section", { class: "card test", role: "status", tabindex: "-1" }, el("h2", {}, "The test is over"), el("p", { class: "verdict" }, words(result)),
      el("p", {}, el("a", { href: `/api/tests/${result.name}`, download: "" }, `The answers as CSV: ${result.name}`)));
    fill(place, told);
    told.focus();
    done();
  } catch (error) {
    fill(place, problem(error), el("pre", { tabindex: "0" }, JSON.stringify(rows, null, 1)));
  }
}
