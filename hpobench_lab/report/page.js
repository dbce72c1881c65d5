"use strict";
// Sortable tables: a click on a head sorts each block by it, a second click the other way round.
function number(text) {
  const t = text.trim().replace(/,/g, "").replace(/−/g, "-").replace(/^[<×]\s*/, "");
  const v = parseFloat(t === "∞" ? "Infinity" : t.replace(/^baseline$/, "0"));
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
document.querySelectorAll("table.sortable").forEach((table) => {
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort by this column";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      Array.from(table.tBodies).forEach((body) => sort(body, column, down));
    });
  });
});
