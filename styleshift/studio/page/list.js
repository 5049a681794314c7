// A list of any length: only the rows in sight are on the page, so ten thousand scroll as ten do.
import { el, fill } from "./dom.js";

const ROW = 40;
const MARGIN = 8;

/**
 * A list whose rows are chosen with a click, or with arrow keys and Enter.
 * @param {string} label of the list, for who hears the page.
 * @param {(row: object) => Node[]} cells of a row.
 * @param {(row: object) => void} choose is told which row was chosen.
 */
export function longList(label, cells, choose) {
  let rows = [];
  let active = 0;
  let first = -1;
  const inner = el("div", { class: "rows", role: "presentation" });
  const list = el("div", { class: "list", role: "listbox", tabindex: "0", "aria-label": label }, inner);
  const name = `list-${Math.random().toString(36).slice(2)}`;

  function draw(again = false) {
    const from = Math.max(0, Math.floor(list.scrollTop / ROW) - MARGIN);
    if (from === first && !again) return;
    first = from;
    const seen = rows.slice(from, from + Math.ceil((list.clientHeight || 400) / ROW) + 2 * MARGIN);
    fill(inner, seen.map((row, offset) => {
      const index = from + offset;
      const node = el("div", {
        class: "line", role: "option", id: `${name}-${index}`, "aria-posinset": index + 1, "aria-setsize": rows.length,
        "aria-selected": String(index === active), "data-status": row.status || "",
      }, cells(row));
      node.style.transform = `translateY(${index * ROW}px)`;
      return node;
    }));
    if (rows.length) list.setAttribute("aria-activedescendant", `${name}-${active}`);
    else list.removeAttribute("aria-activedescendant");
  }

  function move(to) {
    active = Math.min(rows.length - 1, Math.max(0, to));
    const top = active * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
    draw(true);
  }

  list.addEventListener("scroll", () => draw(), { passive: true });
  list.addEventListener("click", (event) => {
    const line = event.target.closest(".line");
    if (!line) return;
    move(Number(line.getAttribute("aria-posinset")) - 1);
    choose(rows[active]);
  });
  list.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
    const to = {
      ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: rows.length - 1,
    }[event.key];
    if (to !== undefined) { event.preventDefault(); event.stopPropagation(); move(to); }
    else if (event.key === "Enter" && rows[active]) { event.preventDefault(); choose(rows[active]); }
  });

  return {
    node: list,
    set(found) {
      rows = found;
      active = Math.min(active, Math.max(0, rows.length - 1));
      inner.style.height = `${rows.length * ROW}px`;
      list.style.maxHeight = `${Math.min(10, Math.max(2, rows.length)) * ROW + 2}px`;
      draw(true);
    },
  };
}
