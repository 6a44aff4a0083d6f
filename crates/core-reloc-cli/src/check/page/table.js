// The table of programs and kernels. Kernels with the same verdicts on all programs share a column.

const table = document.getElementById("matrix");
const frame = document.getElementById("frame");

let columns = []; // The columns of the table: the kernels of each.
let lines = []; // The rows of programs.
let unfolded = new Set(); // The first kernels of the groups that are unfolded.
let openCell = null; // The cell whose panel is open.
let current = null; // The cell that the Tab key reaches; the arrow keys lead from it to the others.

const markAt = ({ object, program }, kernel) => object.rows[object.kernels[kernel]][0][program][0];

// A cell of each mark, to be cloned.
const CELLS = data.marks.map(({ name, sign, meaning }) =>
  make("td", { class: name, tabindex: "-1", "aria-label": meaning, "aria-expanded": "false" }, sign));

// Returns groups of kernels that have the same verdicts on all programs.
function groupsOf(kernels, shown) {
  if (!form.elements.fold.checked) return kernels.map((kernel) => [kernel]);
  const groups = new Map();
  for (const kernel of kernels) {
    const key = shown.map((program) => markAt(program, kernel).toString(36)).join("");
    if (groups.has(key)) groups.get(key).push(kernel);
    else groups.set(key, [kernel]);
  }
  return [...groups.values()];
}

// The style needs the width of the frame, and scrolling the size of what sticks to its edges.
const sizes = new ResizeObserver(() => {
  frame.style.setProperty("--wide", `${frame.clientWidth}px`);
  const corner = table.querySelector("th.corner");
  frame.style.scrollPadding = `${table.tHead.offsetHeight}px 0 0 ${corner.offsetWidth}px`;
});

function showTable(kernels, shown) {
  const groups = groupsOf(kernels, shown);
  columns = groups.flatMap((group) => unfolded.has(group[0]) ? group.map((kernel) => [kernel]) : [group]);
  openCell = null;
  current = null;
  const isEmpty = kernels.length === 0 || shown.length === 0;
  frame.hidden = isEmpty;
  document.getElementById("keys").hidden = isEmpty;
  const bodies = tableBodies(isEmpty ? [] : shown);
  const longest = shown.reduce((longest, { name, isOptional }) =>
    Math.max(longest, name.length + (isOptional ? 8 : 0)), 0);
  frame.style.setProperty("--longest", `${longest}ch`);
  const widths = make("colgroup", {}, make("col"), ...columns.map(() => make("col")));
  table.replaceChildren(table.caption, widths, tableHead(groups), ...bodies);
  table.classList.remove("open");
  sizes.disconnect();
  sizes.observe(frame);
  sizes.observe(table.tHead);
  fillInView(bodies);
  if (!isEmpty) select(fill(lines[0]).cells[1], false);
  showLegend(kernels, shown);
}

function tableHead(groups) {
  const head = make("thead");
  const program = make("th", { scope: "col", class: "corner" }, "Program");
  const labels = make("tr", {}, program);
  for (const kernels of columns) {
    const label = kernelsInWords(kernels);
    labels.append(make("th", { scope: "col", title: label }, make("span", {}, label)));
  }
  if (groups.some((group) => group.length > 1)) {
    const folds = make("tr", { class: "folds" }, make("td", { class: "corner" }));
    for (const group of groups) {
      if (group.length === 1) {
        folds.append(make("td"));
        continue;
      }
      const isUnfolded = unfolded.has(group[0]);
      const button = make("button", {
        type: "button",
        "aria-expanded": String(isUnfolded),
        "data-kernel": String(group[0]),
        "aria-label": `${group.length} kernels with equal verdicts`,
      }, `${isUnfolded ? "−" : "×"}${group.length}`);
      folds.append(make("td", isUnfolded ? { colspan: String(group.length) } : {}, button));
    }
    head.append(folds);
  }
  head.append(labels);
  return head;
}

function tableBodies(shown) {
  const bodies = [];
  const span = String(columns.length + 1);
  let last = null;
  lines = shown.map((program) => {
    if (program.objectAt !== last) {
      last = program.objectAt;
      const heading = make("th", { scope: "rowgroup", colspan: span }, make("span", {}, program.object.name));
      bodies.push(make("tbody", {}, make("tr", { class: "object" }, heading)));
    }
    // A long name breaks after an underscore.
    const parts = program.name.split("_").flatMap((part, at) => (at > 0 ? ["_", make("wbr"), part] : [part]));
    const name = make("th", { scope: "row", title: program.section }, ...parts);
    name.normalize();
    if (program.isOptional) name.append(make("span", { class: "is-optional" }, " optional"));
    const line = make("tr", { class: "program" }, name);
    line.shown = program;
    bodies.at(-1).append(line);
    return line;
  });
  return bodies;
}

// Adds the cells of a row, unless it has them.
function fill(line) {
  if (line.cells.length > 1) return line;
  const program = line.shown;
  line.append(...columns.map(([kernel]) => CELLS[markAt(program, kernel)].cloneNode(true)));
  return line;
}

// Browsers take seconds to lay out a hundred thousand cells: those that are not in view wait for it.
const MANY_CELLS = 10000;
const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    observer.unobserve(target);
    target.querySelectorAll("tr.program").forEach(fill);
  }
}, { root: frame, rootMargin: "1000px 0px" });

function fillInView(bodies) {
  observer.disconnect();
  if (lines.length * columns.length <= MANY_CELLS) lines.forEach(fill);
  else bodies.forEach((body) => observer.observe(body));
}

function showLegend(kernels, shown) {
  const seen = new Set();
  for (const program of shown) for (const [kernel] of columns) seen.add(markAt(program, kernel));
  const legend = document.getElementById("legend");
  legend.replaceChildren(...data.marks.flatMap(({ meaning }, mark) =>
    seen.has(mark) ? [make("li", {}, markOf(mark, false), meaning)] : []));
}

// Returns the program and the kernels of a cell.
const programOf = (cell) => cell.parentElement.shown;
const kernelsOf = (cell) => columns[cell.cellIndex - 1];

function select(cell, isFocused) {
  if (current !== null) current.tabIndex = -1;
  current = cell;
  if (cell === null) return;
  cell.tabIndex = 0;
  if (isFocused) cell.focus();
}

function move(event, cell) {
  const row = lines.indexOf(cell.parentElement);
  const column = cell.cellIndex;
  const [lastRow, lastColumn] = [lines.length - 1, columns.length];
  const isAll = event.ctrlKey || event.metaKey;
  const to = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    PageUp: [row - 10, column],
    PageDown: [row + 10, column],
    Home: [isAll ? 0 : row, 1],
    End: [isAll ? lastRow : row, lastColumn],
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const line = fill(lines[Math.min(Math.max(to[0], 0), lastRow)]);
  select(line.cells[Math.min(Math.max(to[1], 1), lastColumn)], true);
}

// Folds or unfolds the kernels that share a column.
function toggleFold(kernel) {
  if (!unfolded.delete(kernel)) unfolded.add(kernel);
  update();
  const button = table.querySelector(`button[data-kernel="${kernel}"]`);
  if (button) button.focus();
}

function openPanel(cell, isFocused) {
  closePanel();
  select(cell, false);
  const content = make("td", { colspan: String(columns.length + 1) }, panel(programOf(cell), kernelsOf(cell)));
  const line = make("tr", { class: "opened" }, content);
  cell.parentElement.after(line);
  table.classList.add("open");
  cell.setAttribute("aria-expanded", "true");
  openCell = cell;
  if (!isFocused) return;
  document.getElementById("opened").focus();
  line.scrollIntoView({ block: "nearest" });
}

function closePanel() {
  if (openCell === null) return;
  const cell = openCell;
  openCell = null;
  const line = cell.parentElement.nextElementSibling;
  const hadFocus = line.contains(document.activeElement);
  line.remove();
  table.classList.remove("open");
  cell.setAttribute("aria-expanded", "false");
  if (hadFocus) cell.focus();
}
