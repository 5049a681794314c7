// Players in the studio: the server draws them as it draws those of the pages in files.
import { adopt } from "./player.js";
import { get, playerQuery } from "./api.js";
import { el, fill, parsed, problem } from "./dom.js";

let numbers = 0;

/** Shows a player in `place`; `shots` are `[name, address]`, heard in step. */
export async function showPlayer(place, label, shots) {
  numbers += 1;
  const mine = String(numbers);
  place.dataset.player = mine;
  fill(place, el("p", { class: "soft waiting" }, "Drawing the picture…"));
  try {
    const html = await get(playerQuery(label, shots, mine));
    if (place.dataset.player !== mine) return null;
    fill(place, parsed(html), shots.length > 1 ? keys(shots) : null);
    return adopt(place)[0];
  } catch (error) {
    if (place.dataset.player === mine) fill(place, problem(error));
    return null;
  }
}

function keys(shots) {
  const named = shots.flatMap(([name], index) => [el("kbd", {}, "ABCD"[index]), ` ${name.toLowerCase()}, `]);
  return el("p", { class: "soft keys" }, el("kbd", {}, "Space"), " play, ", named, el("kbd", {}, "X"), " the other one, ",
    el("kbd", {}, "←"), " ", el("kbd", {}, "→"), " two seconds.");
}

/** The loudness-matched recordings of a player, as bare audio elements. */
export async function soundsOf(label, shots) {
  const nodes = parsed(await get(playerQuery(label, shots, "0")));
  const audios = nodes.flatMap((node) => (node.querySelectorAll ? [...node.querySelectorAll("audio")] : []));
  return audios.map((audio) => ({ source: audio.getAttribute("src"), volume: Number(audio.dataset.gain || 1) }));
}
