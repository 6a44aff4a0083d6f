// Links to cells, and what happens on clicks, keys and changes of the filter.

// Returns the link to the cell of a program on a kernel: names, which stay the same from run to run.
function linkTo({ object, name, section }, kernel) {
  const isSame = ([other]) => text(other) === name;
  const more = object.programs.filter(isSame).length > 1 ? { section } : {};
  return `#${new URLSearchParams({ object: object.name, program: name, ...more, kernel: data.kernels[kernel] })}`;
}

// Shows a link in the address, without an entry in the browser's history.
function showLink(link) {
  history.replaceState(null, "", link || location.href.split("#")[0]);
}

// Opens the cell that the address names.
function followLink() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (!wanted.has("program")) return;
  const [object, name, section] = ["object", "program", "section"].map((key) => wanted.get(key));
  const kernel = data.kernels.indexOf(wanted.get("kernel"));
  const program = programs.find((it) =>
    it.object.name === object && it.name === name && (section === null || it.section === section));
  if (kernel < 0 || program === undefined) {
    document.getElementById("shown").textContent = "Nothing found: the link names a cell that is not in this page.";
    return;
  }
  const cell = cellOf(program, kernel) || (form.reset(), update(), cellOf(program, kernel));
  if (cell === openCell) document.getElementById("opened").focus();
  else openPanel(cell, true);
}

function cellOf(program, kernel) {
  const column = columns.findIndex((kernels) => kernels.includes(kernel));
  const line = lines.find((it) => it.shown === program);
  return line && column >= 0 ? fill(line).cells[column + 1] : null;
}

function showSummary() {
  const at = data.summary.lastIndexOf(": ");
  const isBad = data.causes.some((cause) => cause.group === "problem");
  document.getElementById("summary").append(
    data.summary.slice(0, at + 2),
    make("strong", isBad ? { class: "bad" } : {}, data.summary.slice(at + 2)));
}

function update() {
  const { kernels, programs: shown, causes, notes, isFiltered } = shownByFilters();
  const open = openCell && [programOf(openCell), kernelsOf(openCell)[0]];
  showCauses(causes, notes, isFiltered);
  showTable(kernels, shown);
  if (open) {
    const cell = cellOf(...open);
    if (cell) openPanel(cell, false);
    else showLink("");
  }
  const problems = causes.filter((cause) => cause.group === "problem").length;
  const isEmpty = kernels.length === 0 || shown.length === 0;
  const found = `Shown: ${plural(problems, "problem")}, ${plural(shown.length, "program")}, ${plural(kernels.length, "kernel")}`;
  document.getElementById("shown").textContent = isEmpty && isFiltered ? "Nothing found: no program and kernel match the filter." : isFiltered ? found : "";
}

showSummary();
update();
followLink();
form.addEventListener("input", update);
// The event of a reset comes before the fields change.
form.querySelector("[type=reset]").addEventListener("click", (event) => {
  event.preventDefault();
  form.reset();
  update();
});
form.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("hashchange", followLink);
table.addEventListener("click", (event) => {
  const fold = event.target.closest("tr.folds button");
  if (fold !== null) {
    toggleFold(Number(fold.dataset.kernel));
    return;
  }
  const cell = event.target.closest("tr.program td");
  if (cell !== null) toggleCell(cell);
});
table.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && openCell !== null) {
    closePanel();
    showLink("");
  }
  const cell = event.target.closest("tr.program td");
  if (cell === null) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    toggleCell(cell);
  } else {
    move(event, cell);
  }
});

function toggleCell(cell) {
  if (cell === openCell) {
    closePanel();
    select(cell, true);
    showLink("");
    return;
  }
  openPanel(cell, true);
  showLink(linkTo(programOf(cell), kernelsOf(cell)[0]));
}
