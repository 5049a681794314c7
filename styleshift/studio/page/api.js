// Requests to the studio's server; an error has the library's message and hint.

async function answer(response) {
  const kind = response.headers.get("content-type") || "";
  const values = kind.includes("json") ? await response.json() : await response.text();
  if (response.ok) return values;
  throw problemOf(values?.error?.message || `the server says ${response.status}`, values?.error?.hint);
}

function problemOf(message, hint = "") {
  return Object.assign(new Error(message), { hint });
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw problemOf("the studio's server does not answer", "start it again: `styleshift studio`");
  }
  return answer(response);
}

export const get = (path) => ask(path, {});
export const remove = (path) => ask(path, { method: "DELETE" });

export function post(path, values = {}) {
  return ask(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(values),
  });
}

/** Sends a file as it is; `progress` is told of the part that is sent, 0 to 1. */
export function send(path, file, most, progress = () => {}) {
  if (file.size > most) {
    throw problemOf(`${file.name} has ${Math.round(file.size / 1e6)} MB; at most ${Math.round(most / 1e6)} MB are taken`,
      "put it into a folder, and name the folder instead");
  }
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("PUT", path);
    request.upload.addEventListener("progress", (event) => progress(event.loaded / (event.total || 1)));
    request.addEventListener("error", () => fail(problemOf(`${file.name} could not be sent`, "is the server still there?")));
    request.addEventListener("load", () => {
      const response = new Response(request.response, {
        status: request.status, headers: { "Content-Type": request.getResponseHeader("Content-Type") || "" },
      });
      answer(response).then(done, fail);
    });
    request.send(file);
  });
}

/** A player for recordings of the same music, as nodes: `shots` are `[name, address]`. */
export function playerQuery(label, shots, number) {
  const parts = shots.flatMap(([name, at]) => [`at=${at}`, `name=${encodeURIComponent(name)}`]);
  return `/api/player?label=${encodeURIComponent(label)}&number=${number}&${parts.join("&")}`;
}
