"use strict";
// Sort and filter the tables, draw the charts. Without scripts the page still says everything.

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function cellKey(row, place) {
  const cell = row.cells[place];
  return cell.dataset.key === undefined ? cell.textContent : Number(cell.dataset.key);
}

function compare(a, b, direction) {
  // What is not known comes last in either direction.
  if (a === "" || b === "") return (a === "") - (b === "");
  const order = typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b);
  return direction * order;
}

function sortBy(table, place, heading) {
  const descending = heading.getAttribute("aria-sort") === "ascending";
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const body = table.tBodies[0];
  const keyed = Array.from(body.rows, (row) => [cellKey(row, place), row]);
  keyed.sort((a, b) => compare(a[0], b[0], descending ? -1 : 1));
  body.append(...keyed.map(([, row]) => row));
}

function makeSortable(table) {
  Array.from(table.tHead.rows[0].cells).forEach((heading, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortBy(table, place, heading));
    heading.append(button);
  });
}

function makeFilterable(section) {
  const tools = section.querySelector(".tools");
  if (!tools) return;
  const [input, output] = [tools.querySelector("input"), tools.querySelector("output")];
  const rows = Array.from(section.querySelector("tbody").rows, (row) => [
    Array.from(row.cells, (cell) => cell.textContent).join(" ").toLowerCase(),
    row,
  ]);
  const total = section.querySelector("tfoot");
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [text, row] of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    // A total of rows that are not there would mislead.
    if (total) total.hidden = words.length > 0;
    const all = rows.length.toLocaleString("en");
    output.textContent = words.length ? `${shown.toLocaleString("en")} of ${all} rows` : `${all} rows`;
  };
  input.addEventListener("input", show);
  tools.hidden = false;
  show();
}

function cutForPaper(section) {
  const note = section.querySelector(".paper");
  const visible = Array.from(section.querySelectorAll("tbody tr:not([hidden])"));
  const most = Number(note.dataset.rows);
  visible.slice(most).forEach((row) => row.classList.add("off-paper"));
  const all = visible.length.toLocaleString("en");
  note.textContent = visible.length > most ? `On paper: the first ${most} of ${all} rows.` : "";
}

function undoCut() {
  document.querySelectorAll("tr.off-paper").forEach((row) => row.classList.remove("off-paper"));
}

function drawCharts() {
  const specs = document.getElementById("specs");
  if (!specs) return;
  const all = JSON.parse(specs.textContent);
  for (const place of document.querySelectorAll("[data-chart]")) {
    const spec = all[place.dataset.chart];
    const { x, y } = spec.encoding;
    // Names get less than half of the room, so that bars stay bars on a telephone.
    if (y) y.axis.labelLimit = Math.min(300, Math.round(place.clientWidth * 0.45));
    if (place.clientWidth < 400) {
      if (x.type === "nominal") x.axis.labelAngle = -45;
      else x.axis.tickCount = Math.min(x.axis.tickCount, 3);
    }
    window.drawChart(place, spec, {
      mode: "vega-lite",
      renderer: "svg",
      actions: false,
      // Expressions are interpreted, not compiled: the page's policy allows no eval.
      ast: true,
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true },
    }).catch((error) => {
      place.textContent = `This chart could not be drawn: ${error.message}`;
    });
  }
}

document.querySelectorAll("table").forEach(makeSortable);
document.querySelectorAll("section.table").forEach(makeFilterable);
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("section.table").forEach(cutForPaper);
});
window.addEventListener("afterprint", undoCut);
drawCharts();
