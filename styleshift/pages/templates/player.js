// The player of every page: recordings of the same music run together, and a switch decides which one is heard.
// Recordings inside the page run through Web Audio, sample for sample; those that lie beside it through the browser's
// own players, within some milliseconds. Without this script each recording still has its own plain player.
const FADE = 0.012;
let context = null;
let current = null;
let pairs = [];

const clock = (seconds) => {
  const whole = Math.max(0, seconds);
  return `${Math.floor(whole / 60)}:${(whole % 60).toFixed(1).padStart(4, "0")}`;
};

const bytesOf = (audio) => {
  const text = atob(audio.getAttribute("src").split(",", 2)[1]);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
};

// Recordings inside the page: decoded whole, one gain each.
class Buffers {
  constructor(audios) { this.audios = audios; }

  match() {}

  async load() {
    context = context || new (window.AudioContext || window.webkitAudioContext)();
    if (context.state === "suspended") await context.resume();
    if (this.buffers) return this.seconds;
    this.buffers = await Promise.all(this.audios.map((audio) => context.decodeAudioData(bytesOf(audio))));
    this.gains = this.buffers.map(() => {
      const gain = context.createGain();
      gain.connect(context.destination);
      return gain;
    });
    this.seconds = Math.max(...this.buffers.map((buffer) => buffer.duration));
    return this.seconds;
  }

  start(at, heard) {
    this.begun = context.currentTime - at;
    this.sources = this.buffers.map((buffer, index) => {
      const source = context.createBufferSource();
      source.buffer = buffer;
      source.connect(this.gains[index]);
      this.gains[index].gain.value = index === heard ? 1 : 0;
      source.start(0, Math.min(at, buffer.duration));
      return source;
    });
  }

  stop() { this.sources.forEach((source) => source.stop()); }

  time() { return context.currentTime - this.begun; }

  hear(heard) {
    (this.gains || []).forEach((gain, index) =>
      gain.gain.setTargetAtTime(index === heard ? 1 : 0, context.currentTime, FADE));
  }
}

// Recordings beside the page: the browser's own players, all but one muted.
export class Elements {
  constructor(audios) { this.audios = audios; this.heard = 0; }

  match(wanted) {
    this.audios.forEach((audio) => { audio.volume = wanted ? Number(audio.dataset.gain || 1) : 1; });
  }

  async load() {
    await Promise.all(this.audios.map((audio) => new Promise((done, fail) => {
      if (audio.readyState >= 1) { done(); return; }
      audio.addEventListener("loadedmetadata", done, { once: true });
      audio.addEventListener("error", fail, { once: true });
      audio.preload = "auto";
      audio.load();
    })));
    this.seconds = Math.max(...this.audios.map((audio) => audio.duration));
    return this.seconds;
  }

  start(at, heard) {
    this.heard = heard;
    this.audios.forEach((audio, index) => {
      audio.muted = index !== heard;
      audio.currentTime = Math.min(at, audio.duration);
      audio.play().catch((error) => {
        if (error.name !== "AbortError") throw error; // paused before it began, as who steps on quickly does
      });
    });
  }

  stop() { this.audios.forEach((audio) => audio.pause()); }

  time() { return this.audios[this.heard].currentTime; }

  hear(heard) {
    const at = this.time();
    this.heard = heard;
    this.audios.forEach((audio, index) => {
      audio.muted = index !== heard;
      if (index === heard && Math.abs(audio.currentTime - at) > 0.03) audio.currentTime = at;
    });
  }
}

export class Pair {
  constructor(card) {
    this.card = card;
    this.play = card.querySelector(".play");
    this.seek = card.querySelector(".seek");
    this.clock = card.querySelector(".clock");
    this.choices = [...card.querySelectorAll(".switch button")];
    this.figures = [...card.querySelectorAll("figure")];
    this.shots = [...card.querySelectorAll("svg.shot")];
    const audios = [...card.querySelectorAll("audio")];
    const inside = audios.every((audio) => audio.getAttribute("src").startsWith("data:"));
    this.deck = inside ? new Buffers(audios) : new Elements(audios);
    this.seconds = Number(card.dataset.seconds);
    const matched = card.querySelector(".matched");
    matched?.addEventListener("change", () => this.deck.match(matched.checked));
    this.deck.match(Boolean(matched?.checked));
    this.at = 0;
    this.heard = 0;
    this.running = false;
    this.play.addEventListener("click", () => this.toggle());
    this.seek.addEventListener("input", () => this.goTo(Number(this.seek.value)));
    this.choices.forEach((button, index) => {
      button.addEventListener("click", () => this.choose(index));
      button.addEventListener("keydown", (event) => {
        if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key)) {
          event.preventDefault();
          event.stopPropagation();
          const step = ["ArrowLeft", "ArrowUp"].includes(event.key) ? -1 : 1;
          const next = (index + step + this.choices.length) % this.choices.length;
          this.choose(next);
          this.choices[next].focus();
        }
      });
    });
    this.shots.forEach((shot, index) => shot.addEventListener("click", (event) => {
      const area = shot.querySelector("image").getBoundingClientRect();
      if (index < this.choices.length) this.choose(index);
      this.goTo(Math.min(1, Math.max(0, (event.clientX - area.left) / area.width)) * this.seconds);
    }));
    card.addEventListener("pointerdown", () => { current = this; });
    card.addEventListener("focusin", () => { current = this; });
    card.classList.add("ready");
    this.choose(0);
    this.draw();
  }

  async toggle() {
    if (this.running) { this.stop(); return; }
    pairs.forEach((other) => other !== this && other.stop());
    current = this;
    this.play.disabled = true;
    try {
      this.seconds = await this.deck.load();
      this.seek.max = String(this.seconds);
    } catch (error) {
      // A browser that cannot decode here may still play: show the plain players.
      this.card.classList.remove("ready");
      return;
    } finally {
      this.play.disabled = false;
    }
    if (this.at >= this.seconds - 0.05) this.at = 0;
    this.start();
  }

  start() {
    this.deck.start(this.at, this.heard);
    this.running = true;
    this.play.textContent = "❚❚ Pause";
    this.frame();
  }

  stop() {
    if (!this.running) return;
    this.at = Math.min(this.seconds, this.deck.time());
    this.running = false;
    this.deck.stop();
    this.play.textContent = "▶ Play";
    this.draw();
  }

  goTo(seconds) {
    const wasRunning = this.running;
    this.stop();
    this.at = Math.min(this.seconds, Math.max(0, seconds));
    if (wasRunning) this.start();
    this.draw();
  }

  choose(index) {
    this.heard = index;
    this.choices.forEach((button, i) => {
      button.setAttribute("aria-checked", String(i === index));
      button.tabIndex = i === index ? 0 : -1;
    });
    this.figures.forEach((figure, i) => figure.classList.toggle("heard", i === index));
    this.deck.hear(index);
  }

  frame() {
    if (!this.running) return;
    this.at = this.deck.time();
    if (this.at >= this.seconds) { this.stop(); return; }
    this.draw();
    requestAnimationFrame(() => this.frame());
  }

  draw() {
    this.seek.value = String(this.at);
    this.seek.setAttribute("aria-valuetext", `${this.at.toFixed(1)} of ${this.seconds.toFixed(1)} seconds`);
    this.clock.textContent = this.seconds ? `${clock(this.at)} / ${clock(this.seconds)}` : "";
    this.shots.forEach((shot) => {
      const image = shot.querySelector("image");
      const x = Number(image.getAttribute("x")) +
        Number(image.getAttribute("width")) * Math.min(1, this.at / (this.seconds || 1));
      const head = shot.querySelector(".head");
      head.setAttribute("x1", String(x));
      head.setAttribute("x2", String(x));
    });
  }
}

/** Makes players of all `.pair` cards in a part of the page; those that are no longer on the page are let go of. */
export function adopt(part) {
  pairs.filter((pair) => !pair.card.isConnected).forEach((pair) => pair.stop());
  pairs = pairs.filter((pair) => pair.card.isConnected);
  const found = [...part.querySelectorAll(".pair:not(.ready)")].map((card) => new Pair(card));
  pairs.push(...found);
  pairs.sort((a, b) => (a.card.compareDocumentPosition(b.card) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  if (!current || !current.card.isConnected) current = pairs[0] || null;
  return found;
}

/** From light to dark or back, whatever was chosen or, where nothing was, the system wants; gives what it is now. */
export function switchTheme() {
  const { dataset } = document.documentElement;
  const dark = dataset.theme ? dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  dataset.theme = dark ? "light" : "dark";
  return dataset.theme;
}

document.addEventListener("keydown", (event) => {
  if (!current || event.ctrlKey || event.altKey || event.metaKey) return;
  if (!current.card.isConnected || !current.card.checkVisibility()) return;
  const typing = event.target.matches("input, textarea, select");
  if (typing && event.target.type !== "range" && event.target.type !== "checkbox") return;
  if (event.target.closest("dialog[open], [data-own-keys]") && !current.card.contains(event.target)) return;
  const key = event.key.toLowerCase();
  const letter = "abcd".indexOf(key);
  if (letter >= 0 && letter < current.choices.length) current.choose(letter);
  else if (key === "x" && current.choices.length > 1) current.choose((current.heard + 1) % current.choices.length);
  else if (key === " " && !event.target.matches("button, input, summary, a")) { event.preventDefault(); current.toggle(); }
  else if (key === "arrowleft" && !typing) current.goTo(current.at - 2);
  else if (key === "arrowright" && !typing) current.goTo(current.at + 2);
  else if (key === "j" || key === "k") {
    const next = pairs[pairs.indexOf(current) + (key === "j" ? 1 : -1)];
    if (next) { next.play.focus(); next.card.scrollIntoView({ block: "nearest" }); }
  }
});
