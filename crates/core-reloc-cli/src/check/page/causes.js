// The causes, by group.

const GROUPS = {
  problem: "Problems",
  optional: "Problems of optional programs",
  conditional: "Conditional: programs load if",
  left_open: "Left open: user space fills it in, or types cannot tell",
  accepted: "Accepted by the baseline",
  guarded: "Missing, but guarded",
  changed: "Changed",
};

const openGroups = new Set(["problem"]);

const NOTES = "Notes: these load, but may read a wrong value";

function showCauses(causes, notes, isFiltered) {
  const place = document.getElementById("causes");
  place.replaceChildren();
  for (const group of new Set([...Object.keys(GROUPS), ...data.causes.map((cause) => cause.group)])) {
    const all = causes.filter((cause) => cause.group === group);
    showGroup(place, group, GROUPS[group] || group, all, causeItem);
  }
  showGroup(place, "notes", NOTES, notes, noteItem);
  if (!causes.some((cause) => cause.group === "problem")) {
    place.prepend(make("p", { class: "none" }, isFiltered ? "Nothing found: no problem matches the filter." : "No problems."));
  }
}

// Adds a group of items, which a button shows and hides.
function showGroup(place, group, heading, items, makeItem) {
  if (items.length === 0) return;
  const title = [make("span", {}, heading), make("span", { class: "count" }, String(items.length))];
  const content = () => longList({ class: "entries" }, items, makeItem);
  const button = disclosure({ class: "group" }, title, content);
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-expanded") === "true") openGroups.add(group);
    else openGroups.delete(group);
  });
  place.append(make("div", { class: `causes ${group}`, "data-group": group }, make("h3", {}, button)));
  button.toggle(openGroups.has(group));
}

function causeItem(cause) {
  const item = make("li", { class: "entry" });
  item.append(disclosure({ class: "line" }, causeLine(cause), () => causeBody(cause)));
  return item;
}

// Makes what is always seen of a cause.
function causeLine(cause) {
  const objects = new Set(cause.hits.map(([object]) => object)).size;
  const hit = cause.hits.filter(([, program]) => program >= 0).length;
  const inObjects = plural(objects, "object");
  const on = kernelsIn(cause.hits.map(([, , set]) => set));
  return [
    markOf(cause.mark, false),
    make("span", { class: "heading" }, text(cause.heading)),
    make("span", { class: "hits" }, hit > 0 ? `${plural(hit, "program")} in ${inObjects}` : inObjects),
    make("span", { class: "on" }, `on ${kernelsInWords(on)}`),
  ];
}

function causeBody(cause) {
  const list = facts();
  const others = kernelsIn([cause.others]);
  if (others.length > 0) list.add("not on", kernelsInWords(others));
  if (cause.why >= 0) list.add("why", text(data.whys[cause.why].reason));
  if (cause.proof >= 0) list.add(data.marks[cause.mark].is_problem ? "asked" : "proof", text(cause.proof));
  addCures(list, cause.cures);
  list.add("programs", hitList(cause));
  const body = make("div", { class: "body" }, list);
  if (cause.relocations.length > 0) {
    const places = () => longList({ class: "places" }, cause.relocations, placeItem);
    list.add("relocations", disclosure({ class: "small" }, [`Show ${cause.relocations.length}`], places));
  }
  if (cause.why >= 0) body.append(...data.whys[cause.why].comparisons.map(comparison));
  return body;
}

// Lists the programs that a cause hits by object, each with a link to its cell.
function hitList(cause) {
  const byObject = new Map();
  for (const hit of cause.hits) {
    if (!byObject.has(hit[0])) byObject.set(hit[0], []);
    byObject.get(hit[0]).push(hit);
  }
  const isOne = new Set(cause.hits.map(([, , set]) => set)).size === 1;
  return longList({ class: "programs" }, [...byObject], ([objectAt, hits]) => {
    const object = data.objects[objectAt];
    const item = make("li", {}, object.name);
    let separator = ": ";
    for (const [, program, set] of hits) {
      if (program < 0) continue;
      const hit = programs[object.first + program];
      const kernels = kernelsIn([set]);
      item.append(separator, make("a", { href: linkTo(hit, kernels[0]) }, hit.name));
      const more = [hit.isOptional ? "optional" : [], isOne ? [] : `on ${kernelsInWords(kernels)}`].flat();
      if (more.length > 0) item.append(` (${more.join(", ")})`);
      separator = ", ";
    }
    return item;
  });
}

function noteItem([object, relocation, note, set]) {
  const [, , access] = data.objects[object].relocations[relocation];
  const line = [
    make("span", { class: "heading" }, make("code", {}, text(access)), `: ${text(note)}`),
    make("span", { class: "hits" }, data.objects[object].name),
    make("span", { class: "on" }, `on ${kernelsInWords(kernelsIn([set]))}`),
  ];
  const body = () => make("ul", { class: "body places" }, placeItem([object, relocation]));
  return make("li", { class: "entry" }, disclosure({ class: "line" }, line, body));
}

function placeItem([objectAt, index]) {
  const object = data.objects[objectAt];
  const [name, kind, access, , source] = object.relocations[index];
  const item = make("li", {}, `${text(kind)} of `, make("code", {}, text(access)), " in ",
    make("code", {}, text(name)), ` of ${object.name} at `, make("code", {}, placeOf(object, index)));
  if (source >= 0) item.append(make("pre", {}, text(source)));
  return item;
}
