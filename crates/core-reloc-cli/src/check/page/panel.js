// The panel of a cell: what a program comes to on the kernels of a column.

// Returns the distinct results of a program on kernels that share a column, each with its kernels.
function variantsOf({ object, program, relocations }, kernels) {
  const own = new Set(relocations);
  const variants = new Map();
  const byRow = new Map();
  for (const kernel of kernels) {
    const row = object.kernels[kernel];
    if (!byRow.has(row)) {
      const [results, all] = object.rows[row];
      const [mark, causes] = results[program];
      const found = all.filter(([relocation]) => own.has(relocation));
      const key = JSON.stringify([causes, found]);
      if (!variants.has(key)) variants.set(key, { mark, causes, found, kernels: [] });
      byRow.set(row, variants.get(key));
    }
    byRow.get(row).kernels.push(kernel);
  }
  return [...variants.values()];
}

function panel(program, kernels) {
  const title = make("h3", { tabindex: "-1", id: "opened" }, `${program.name} on ${kernelsInWords(kernels)}`);
  const link = make("a", { href: linkTo(program, kernels[0]) }, "Link");
  link.setAttribute("aria-label", "Link to this cell");
  const close = make("button", { type: "button", class: "close" }, "Close");
  close.addEventListener("click", () => {
    closePanel();
    showLink("");
  });
  const about = make("p", {}, `${program.object.name}, section ${program.section}${program.isOptional ? ", optional" : ""}`);
  const box = make("section", { class: "panel", "aria-labelledby": "opened" },
    make("div", { class: "top" }, title, link, close), about);
  if (program.versions >= 0) box.append(versionsOf(program));
  const variants = variantsOf(program, kernels);
  for (const [at, variant] of variants.entries()) {
    const content = () => make("div", { class: "variant" }, ...variantParts(program, variant));
    if (variants.length === 1) {
      box.append(content());
      continue;
    }
    const button = disclosure({ class: "line" }, [`On ${kernelsInWords(variant.kernels)}`], content);
    box.append(make("h4", {}, button));
    button.toggle(at === 0);
  }
  return box;
}

// Makes a list of the kernels that a program loads on.
function versionsOf({ versions }) {
  const items = data.versions[versions].map(([line, others]) => {
    const item = make("li", {}, text(line));
    if (others.length > 0) item.append(make("ul", {}, ...others.map((other) => make("li", {}, text(other)))));
    return item;
  });
  const list = facts();
  list.add("loads on", make("ul", { class: "versions" }, ...items));
  return list;
}

function variantParts({ object, relocations }, { mark, causes, found }) {
  const parts = [make("p", { class: "verdict" }, markOf(mark, false), ` ${data.marks[mark].meaning}`)];
  if (causes.length > 0) {
    parts.push(make("ul", { class: "entries" }, ...causes.map((at) => causeItem(data.causes[at]))));
  }
  if (relocations.length === 0) return [...parts, make("p", {}, "No relocations.")];
  const unchanged = relocations.length - found.length;
  parts.push(make("p", {}, `${plural(relocations.length, "relocation")}, ${unchanged} unchanged`));
  const rank = ([, verdict]) => ["failed", "poisoned", "conditional", "guarded", "changed"].indexOf(verdict);
  const sorted = [...found].sort((left, right) => rank(left) - rank(right) || left[0] - right[0]);
  if (found.length > 0) {
    parts.push(longList({ class: "relocations" }, sorted, (result) => relocationItem(object, result)));
  }
  return parts;
}
