"""How long a scroll step of a list of files takes in the studio, with 10 000 files on the page.

Opens the studio's own list in Chromium, scrolls through it in steps, and measures each step until its frame
is drawn; beside it, the same rows as a plain table with a row a file, which is what the list is there
instead of. Needs playwright and a Chromium: ``python benchmarks/studio_list.py``. A step should stay under
100 ms.
"""

from __future__ import annotations

import json
import shutil
import statistics
from importlib import resources
from typing import Any

from playwright.sync_api import sync_playwright

FILES, STEPS = 10_000, 60
MEASURE = """async ({ files, steps, ours }) => {
  const rows = Array.from({ length: files }, (_, i) => ({
    name: `Album ${i % 500}/${String(i).padStart(5, "0")} recording.flac`, status: i % 97 ? "done" : "failed",
  }));
  const cells = (row) => ["name", "status"].map((key) => {
    const cell = document.createElement("span");
    cell.className = key;
    cell.textContent = row[key];
    return cell;
  });
  const begun = performance.now();
  let scroller;
  if (ours) {
    const { longList } = await import("/static/list.js");
    const list = longList("Files", cells, () => {});
    document.body.replaceChildren(list.node);
    list.set(rows);
    scroller = list.node;
  } else {
    scroller = document.createElement("div");
    scroller.style.cssText = "height: 402px; overflow-y: auto";
    const table = document.createElement("table");
    table.append(...rows.map((row) => {
      const line = document.createElement("tr"); line.append(...cells(row).map((cell) => { const td =
      document.createElement("td"); td.append(cell); return td; })); return line;
    }));
    scroller.append(table);
    document.body.replaceChildren(scroller);
  }
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await drawn();
  const opened = performance.now() - begun;
  const took = [];
  const work = [];
  for (let step = 0; step < steps; step += 1) {
    const before = performance.now();
    scroller.scrollTop = (scroller.scrollHeight * step) / steps;
    scroller.dispatchEvent(new Event("scroll"));
    scroller.lastElementChild.getBoundingClientRect();  // lays out at once
    work.push(performance.now() - before);
    await drawn();
    took.push(performance.now() - before);
  }
  return { opened, took, work, nodes: document.querySelectorAll("*").length };
}"""


def main() -> None:
    """Measure both, and print a JSON line for each."""
    page_files = resources.files("styleshift.studio").joinpath("page")
    shared = resources.files("styleshift.pages").joinpath("templates")
    sources = {name: (page_files if name != "page.css" else shared).joinpath(name) for name in FILES_SERVED}

    def answer(route: Any) -> None:
        name = route.request.url.rpartition("/")[2]
        kind = (
            "text/javascript"
            if name.endswith(".js")
            else "text/css"
            if name.endswith(".css")
            else "text/html"
        )
        body = sources[name].read_text("utf-8") if name in sources else PAGE
        route.fulfill(body=body, content_type=kind)

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"))
        for ours in (True, False):
            page = browser.new_page()
            page.route("**/*", answer)
            page.goto("http://studio.test/")
            found = page.evaluate(MEASURE, {"files": FILES, "steps": STEPS, "ours": ours})
            took = sorted(found["took"])
            told = {
                "list": "studio" if ours else "plain table",
                "files": FILES,
                "nodes": found["nodes"],
                "opened_ms": round(found["opened"], 1),
                "script_and_layout_ms": round(statistics.median(found["work"]), 2),
                "median_ms": round(statistics.median(took), 1),
                "worst_ms": round(took[-1], 1),
            }
            print(json.dumps(told))


FILES_SERVED = ("list.js", "dom.js", "studio.css", "page.css")
PAGE = (
    '<!doctype html><link rel="stylesheet" href="/static/page.css">'
    '<link rel="stylesheet" href="/static/studio.css"><body></body>'
)

if __name__ == "__main__":
    main()
