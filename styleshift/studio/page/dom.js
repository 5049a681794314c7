// Small helpers that make elements. Texts are always text: nothing that a file is called becomes markup.

/** An element with attributes, listeners (`on: {click: f}`) and children; `null` and `false` are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") Object.entries(value).forEach(([event, listener]) => node.addEventListener(event, listener));
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(...kept(children));
  return node;
}

/** Puts new children in the place of old ones. */
export function fill(node, ...children) {
  node.replaceChildren(...kept(children));
  return node;
}

function kept(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false);
}

/** HTML that the server made, as nodes; scripts in it never run. */
export function parsed(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return [...page.body.childNodes].map((node) => document.adoptNode(node));
}

/** Says something to everyone, also to who hears the page. */
export function announce(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  clearTimeout(announce.later);
  announce.later = setTimeout(() => { said.textContent = ""; }, 6000);
}

/** An error as the library words it: what was wrong, and what to try. */
export function problem(error) {
  return el("div", { class: "problem", role: "alert" }, el("p", {}, words(error.message || String(error))),
    error.hint ? el("p", { class: "soft" }, "Try: ", words(error.hint)) : null);
}

/** A sentence of the library; what stands in backticks is code. */
export function words(text) {
  return String(text).split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part))
    .filter((part) => part !== "");
}

let numbers = 0;

/** A labelled field: the control gets an id, and a line below it says more. */
export function field(label, control, hint = "") {
  numbers += 1;
  control.id ||= `field-${numbers}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control,
    hint ? el("p", { class: "soft hint", id: `${control.id}-hint` }, hint) : null);
}

/** A model in a list to choose from: its styles, with its name and where it is if those tell more. */
export function modelWords({ source, target, name, place }) {
  const more = [name === `${source}-to-${target}` ? "" : name, place === "shipped" ? "" : place].filter(Boolean);
  return `${source} to ${target}${more.length ? ` (${more.join(", ")})` : ""}`;
}

export function select(options, chosen) {
  return el("select", {}, options.map((option) => {
    const [value, text] = Array.isArray(option) ? option : [option, option];
    return el("option", { value, selected: value === chosen }, text);
  }));
}

export function button(text, click, attributes = {}) {
  return el("button", { type: "button", ...attributes, on: { click } }, text);
}

/** Runs what a button starts; errors are shown in `place`, and the button waits meanwhile. */
export async function attempt(place, work, button = null) {
  if (button) button.disabled = true;
  try {
    fill(place);
    return await work();
  } catch (error) {
    fill(place, problem(error));
    return undefined;
  } finally {
    if (button) button.disabled = false;
  }
}

/** A choice of a few, as buttons that arrow keys move between. */
export function choice(label, options, chosen, change) {
  const group = el("div", { class: "switch", role: "radiogroup", "aria-label": label });
  const choose = (value, focus) => {
    [...group.children].forEach((each) => {
      const on = each.dataset.value === value;
      each.setAttribute("aria-checked", String(on));
      each.tabIndex = on ? 0 : -1;
      if (on && focus) each.focus();
    });
    change(value);
  };
  group.append(...options.map(([value, text]) => el("button", {
    type: "button", role: "radio", "data-value": value, "aria-checked": String(value === chosen),
    tabindex: value === chosen ? 0 : -1, on: { click: () => choose(value, false) },
  }, text)));
  group.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = [...group.children].indexOf(document.activeElement);
    choose(group.children[(at + step + group.children.length) % group.children.length].dataset.value, true);
  });
  return group;
}

export const count = (number, thing) => `${number} ${thing}${number === 1 ? "" : "s"}`;

export const minutes = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export function duration(seconds) {
  if (seconds >= 7200) return `${(seconds / 3600).toFixed(1)} hours`;
  if (seconds >= 120) return `${(seconds / 60).toFixed(1)} minutes`;
  return `${Math.round(seconds)} seconds`;
}
