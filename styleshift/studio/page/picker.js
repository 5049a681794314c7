// Ways to bring music in: files that are dropped or chosen, and folders of this machine that are named.
import { get, post, send } from "./api.js";
import { attempt, button, count, el, field, fill, problem } from "./dom.js";
import { studio } from "./jobs.js";

const MOST_NAMED = 3;

export const isRecording = (file) => studio.state.extensions.some((end) => file.name.toLowerCase().endsWith(end));

/** Files in what was dropped, those in folders as well. */
async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) found.push(await new Promise((done, fail) => entry.file(done, fail)));
    else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((done, fail) => reader.readEntries(done, fail));
        if (!some.length) break;
        for (const each of some) await walk(each);
      }
    }
  };
  for (const entry of entries) await walk(entry);
  return found;
}

/** A place to drop files on, with a button that chooses them. */
export function dropZone(text, take, { multiple = true, accept = null } = {}) {
  const input = el("input", {
    type: "file", class: "unseen", tabindex: "-1", "aria-label": text, multiple,
    accept: accept || studio.state.extensions.join(","),
    on: { change: () => { if (input.files.length) take([...input.files]); input.value = ""; } },
  });
  const zone = el("div", { class: "drop" }, el("p", {}, text), button("Choose files", () => input.click()), input);
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const files = await filesOf(event.dataTransfer);
    if (files.length) take(multiple ? files : files.slice(0, 1));
  });
  return zone;
}

/** Says which files were left out, the first by name. */
function noRecordings(files) {
  const names = files.slice(0, MOST_NAMED).map((file) => file.name).join(", ");
  const more = files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : "";
  const what = files.length === 1 ? "is no recording that is known here" : "are no recordings that are known here";
  return problem({ message: `${names}${more} ${what}`, hint: `files that end in ${studio.state.extensions.join(", ")}` });
}

/** Sends recordings one after the other; returns what came of each. */
export async function sendAll(files, pathOf, place) {
  const bar = el("progress", { max: files.length, value: 0, "aria-label": "Sending files" });
  const line = el("p", { class: "soft" });
  const refused = el("div");
  fill(place, el("div", { class: "task" }, line, bar), refused);
  const sent = [];
  for (const [index, file] of files.entries()) {
    line.textContent = `Sending ${file.name}`;
    bar.value = index;
    if (!isRecording(file)) continue; // covers, texts and so on of a folder
    try {
      sent.push(await send(pathOf(file), file, studio.state.most_bytes, (part) => { bar.value = index + part; }));
    } catch (error) {
      refused.append(problem(error));
    }
  }
  bar.value = files.length;
  const others = files.filter((file) => !isRecording(file));
  if (others.length) refused.append(noRecordings(others));
  line.textContent = `${sent.length} of ${files.length} files sent`;
  if (sent.length === files.length) fill(place);
  return sent;
}

/** A field for a folder of this machine, with its sub-folders to walk through. */
export function folderField(label, hint = "") {
  const list = `folders-${Math.random().toString(36).slice(2)}`;
  const input = el("input", { type: "text", list, placeholder: "/home/me/Music", spellcheck: "false", autocomplete: "off" });
  const names = el("datalist", { id: list }, studio.state.folders.map((each) => el("option", { value: each.path })));
  const below = el("div", { class: "browse" });
  const open = button("Look inside", () => look(input.value));
  const trouble = el("div");
  const node = el("div", {}, field(label, input, hint), names, trouble, below);
  const both = el("div", { class: "with-button" });
  input.replaceWith(both);
  both.append(input, open);

  async function named(path) {
    const folder = await post("/api/folders", { path });
    if (!studio.state.folders.some((each) => each.path === folder.path) && folder.path !== studio.state.workspace.path) {
      studio.state.folders.push(folder);
      names.append(el("option", { value: folder.path }));
    }
    return folder;
  }

  async function look(path) {
    await attempt(trouble, async () => {
      const { at } = await named(path);
      const found = await get(`/api/browse?at=${at}`);
      const up = path.replace(/\/+[^/]+\/*$/, "") || "/";
      fill(below, el("p", { class: "soft" }, `${count(found.recordings.length, "recording")} and ${count(found.folders.length, "folder")} here`),
        el("ul", {}, [up, ...found.folders].map((each) => {
          const way = each === up ? up : `${path.replace(/\/+$/, "")}/${each.name}`;
          return el("li", {}, button(each === up ? "↑ up" : each.name, () => { input.value = way; input.dispatchEvent(new Event("input")); look(way); }, { class: "small" }));
        })));
    }, open);
  }

  return {
    node, input,
    /** The address of the folder, named to the studio; null where the field is empty. */
    async value() { return input.value.trim() ? (await named(input.value.trim())).at : null; },
  };
}
