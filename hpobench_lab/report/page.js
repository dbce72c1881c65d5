"use strict";
// The page is complete without this script, which adds buttons, filters and the slider.
const all = (query, root = document) => Array.from(root.querySelectorAll(query));
const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
all(".tools").forEach((bar) => { bar.hidden = false; });

// A click on a head sorts each block of a table by it, a second click the other way round.
function number(text) {
  const t = text.trim().replace(/,/g, "").replace(/−/g, "-").replace(/^[(<>×\s]+/, "");
  const v = parseFloat(t.replace(/^∞/, "Infinity").replace(/^baseline$/, "0"));
  return Number.isNaN(v) ? null : v;
}
function sort(body, column, down) {
  const rows = Array.from(body.rows).map((row, i) => {
    const text = row.cells[column].textContent;
    return { row, i, text, value: number(text) };
  });
  const numeric = rows.some((r) => r.value !== null);
  rows.sort((a, b) => {
    let order;
    if (numeric) {
      if (a.value === null || b.value === null) {
        return (a.value === null) - (b.value === null) || a.i - b.i;
      }
      order = a.value === b.value ? 0 : a.value < b.value ? -1 : 1;
    } else {
      order = a.text.localeCompare(b.text);
    }
    return (down ? -order : order) || a.i - b.i;
  });
  rows.forEach((r) => body.appendChild(r.row));
}
all("table.sortable").forEach((table) => {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = make("button", { type: "button", title: "Sort by this column" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      Array.from(table.tBodies).forEach((body) => sort(body, column, down));
    });
  });
});

// "Which optimizer at my budget?": the cells come from the analysis, the script only places them.
const slider = document.getElementById("budget");
if (slider) {
  const data = JSON.parse(slider.dataset.league);
  const table = document.querySelector(".league"), words = document.getElementById("budget-words");
  const live = all("th", table).flatMap((h, i) => (h.dataset.kind === "live" ? [i] : []));
  const rows = new Map(all("tr[data-o]", table).map((row) => [+row.dataset.o, row]));
  const last = data.at.length - 1;
  slider.addEventListener("input", () => {
    const at = +slider.value;
    table.classList.toggle("exploring", at < last);
    words.textContent = data.at[at];
    slider.setAttribute("aria-valuetext", data.at[at]);
    all("th[aria-sort]", table).forEach((head) => head.removeAttribute("aria-sort"));
    data.order[at].forEach((o) => {
      const row = rows.get(o);
      live.forEach((column, i) => { row.cells[column].textContent = data.rows[o][at][i]; });
      row.parentNode.appendChild(row);
    });
  });
}

// Filters: what holds the text and belongs to the family stays; bars for the same stay equal.
function filter(about, text, family) {
  const parts = all(`[data-in="${about}"]`), rows = parts.filter((p) => p.tagName === "TR");
  parts.forEach((part) => {
    const kept = part.dataset.words.includes(text.trim().toLowerCase());
    part.hidden = !kept || (family !== "" && part.dataset.family !== family);
  });
  all(`.tools[data-for="${about}"]`).forEach((bar) => {
    bar.querySelector("input").value = text;
    all("select", bar).forEach((select) => { select.value = family; });
    const shown = rows.filter((row) => !row.hidden).length;
    bar.querySelector("output").textContent =
      shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
  });
}
all(".tools[data-for]").forEach((bar) => {
  const text = bar.querySelector("input"), family = bar.querySelector("select");
  bar.addEventListener("input", () => filter(bar.dataset.for, text.value, family ? family.value : ""));
});

// Legends: an entry hides or shows its optimizer in all figures; pointing at it dims the others.
const marks = (o) => all(`svg [data-o="${o}"]`);
const entries = all(".legend li[data-o]");
entries.forEach((entry) => {
  const button = make("button", { type: "button", title: entry.title });
  entry.title = "";
  button.append(...entry.childNodes);
  button.setAttribute("aria-pressed", "true");
  entry.append(button);
  button.addEventListener("click", () => {
    show([entry.dataset.o], button.getAttribute("aria-pressed") === "false");
  });
});
function show(optimizers, on) {
  document.body.classList.remove("dim");
  optimizers.forEach((o) => marks(o).forEach((mark) => mark.classList.toggle("off", !on)));
  entries.filter((e) => optimizers.includes(e.dataset.o)).forEach((e) => {
    e.firstChild.setAttribute("aria-pressed", String(on));
  });
  all(".every").forEach((button) => { button.disabled = !all(".legend [aria-pressed=false]").length; });
}
all(".every").forEach((button) => {
  button.addEventListener("click", () => show([...new Set(entries.map((e) => e.dataset.o))], true));
});
let lit = null;
function light(event) {
  const over = event.target.closest && event.target.closest("[data-o]");
  const o = over ? over.dataset.o : null;
  if (o === lit) { return; }
  if (lit !== null) { marks(lit).forEach((mark) => mark.classList.remove("on")); }
  if (o !== null) { marks(o).forEach((mark) => mark.classList.add("on")); }
  document.body.classList.toggle("dim", o !== null);
  lit = o;
}
document.addEventListener("pointerover", light);
document.addEventListener("focusin", light);
all(".seeds-button").forEach((button) => {
  button.addEventListener("click", () => {
    const off = document.body.classList.toggle("no-seeds");
    all(".seeds-button").forEach((b) => b.setAttribute("aria-pressed", String(!off)));
  });
});

// Colours: as the system has them, or as the reader wants them.
const themes = all("button[data-set]");
themes.forEach((button) => {
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = button.dataset.set;
    themes.forEach((b) => b.setAttribute("aria-pressed", String(b === button)));
  });
});
