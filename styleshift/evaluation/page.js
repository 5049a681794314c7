"use strict";
// Source and conversion run together through Web Audio, sample for sample; the switch only moves two gains.
// Without this script each recording still has its own plain player.
(() => {
  const FADE = 0.012;
  let context = null;
  let current = null;

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

  class Pair {
    constructor(card) {
      this.card = card;
      this.play = card.querySelector(".play");
      this.seek = card.querySelector(".seek");
      this.clock = card.querySelector(".clock");
      this.choices = [...card.querySelectorAll(".switch button")];
      this.figures = [...card.querySelectorAll("figure")];
      this.shots = [...card.querySelectorAll("svg.shot")];
      this.audios = [...card.querySelectorAll("audio")];
      this.seconds = Number(card.dataset.seconds);
      this.at = 0;
      this.heard = 0;
      this.running = false;
      this.buffers = null;
      this.play.addEventListener("click", () => this.toggle());
      this.seek.addEventListener("input", () => this.goTo(Number(this.seek.value)));
      this.choices.forEach((button, index) => {
        button.addEventListener("click", () => this.choose(index));
        button.addEventListener("keydown", (event) => {
          if (["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key)) {
            event.preventDefault();
            event.stopPropagation();
            this.choose(1 - index);
            this.choices[1 - index].focus();
          }
        });
      });
      this.shots.forEach((shot, index) => shot.addEventListener("click", (event) => {
        const area = shot.querySelector("image").getBoundingClientRect();
        this.choose(index);
        this.goTo(Math.min(1, Math.max(0, (event.clientX - area.left) / area.width)) * this.seconds);
      }));
      card.addEventListener("pointerdown", () => { current = this; });
      card.addEventListener("focusin", () => { current = this; });
      card.classList.add("ready");
      this.choose(0);
      this.draw();
    }

    async load() {
      context = context || new (window.AudioContext || window.webkitAudioContext)();
      if (context.state === "suspended") await context.resume();
      if (this.buffers) return;
      this.buffers = await Promise.all(this.audios.map((audio) => context.decodeAudioData(bytesOf(audio))));
      this.gains = this.buffers.map(() => {
        const gain = context.createGain();
        gain.connect(context.destination);
        return gain;
      });
      this.seconds = Math.max(...this.buffers.map((buffer) => buffer.duration));
      this.seek.max = String(this.seconds);
    }

    async toggle() {
      if (this.running) { this.stop(); return; }
      pairs.forEach((other) => other !== this && other.stop());
      current = this;
      this.play.disabled = true;
      try {
        await this.load();
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
      this.begun = context.currentTime - this.at;
      this.sources = this.buffers.map((buffer, index) => {
        const source = context.createBufferSource();
        source.buffer = buffer;
        source.connect(this.gains[index]);
        this.gains[index].gain.value = index === this.heard ? 1 : 0;
        source.start(0, Math.min(this.at, buffer.duration));
        return source;
      });
      this.running = true;
      this.play.textContent = "❚❚ Pause";
      this.frame();
    }

    stop() {
      if (!this.running) return;
      this.at = Math.min(this.seconds, context.currentTime - this.begun);
      this.running = false;
      this.sources.forEach((source) => source.stop());
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
      if (this.gains) {
        this.gains.forEach((gain, i) => gain.gain.setTargetAtTime(i === index ? 1 : 0, context.currentTime, FADE));
      }
    }

    frame() {
      if (!this.running) return;
      this.at = context.currentTime - this.begun;
      if (this.at >= this.seconds) { this.stop(); return; }
      this.draw();
      requestAnimationFrame(() => this.frame());
    }

    draw() {
      this.seek.value = String(this.at);
      this.seek.setAttribute("aria-valuetext", `${this.at.toFixed(1)} of ${this.seconds.toFixed(1)} seconds`);
      this.clock.textContent = `${clock(this.at)} / ${clock(this.seconds)}`;
      this.shots.forEach((shot) => {
        const image = shot.querySelector("image");
        const x = Number(image.getAttribute("x")) +
          Number(image.getAttribute("width")) * Math.min(1, this.at / this.seconds);
        const head = shot.querySelector(".head");
        head.setAttribute("x1", String(x));
        head.setAttribute("x2", String(x));
      });
    }
  }

  const pairs = [...document.querySelectorAll(".pair")].map((card) => new Pair(card));
  current = pairs[0] || null;

  document.addEventListener("keydown", (event) => {
    if (!current || event.ctrlKey || event.altKey || event.metaKey) return;
    const typing = event.target instanceof HTMLInputElement;
    const key = event.key.toLowerCase();
    if (key === "a") current.choose(0);
    else if (key === "b") current.choose(1);
    else if (key === "x") current.choose(1 - current.heard);
    else if (key === " " && !(event.target instanceof HTMLButtonElement)) { event.preventDefault(); current.toggle(); }
    else if (key === "arrowleft" && !typing) current.goTo(current.at - 2);
    else if (key === "arrowright" && !typing) current.goTo(current.at + 2);
    else if (key === "j" || key === "k") {
      const next = pairs[pairs.indexOf(current) + (key === "j" ? 1 : -1)];
      if (next) { next.play.focus(); next.card.scrollIntoView({ block: "nearest" }); }
    }
  });

  const theme = document.querySelector(".theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const set = document.documentElement.dataset.theme;
    const dark = set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  });
})();
