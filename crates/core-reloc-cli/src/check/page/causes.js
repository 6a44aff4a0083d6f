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

function showCauses(causes, isFiltered) {
  const place = document.getElementById("causes");
  place.replaceChildren();
  for (const group of new Set([...Object.keys(GROUPS), ...data.causes.map((cause) => cause.group)])) {
    const all = causes.filter((cause) => cause.group === group);
    if (all.length === 0) continue;
    const title = [make("span", {}, GROUPS[group] || group), make("span", { class: "count" }, String(all.length))];
    const content = () => longList({ class: "entries" }, all, causeItem);
    const button = disclosure({ class: "group" }, title, content);
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-expanded") === "true") openGroups.add(group);
      else openGroups.delete(group);
    });
    place.append(make("div", { class: `causes ${group}`, "data-group": group }, make("h3", {}, button)));
    button.toggle(openGroups.has(group));
  }
  if (!causes.some((cause) => cause.group === "problem")) {
    place.prepend(make("p", { class: "none" }, isFiltered ? "Nothing found: no problem matches the filter." : "No problems."));
  }
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
  list.add("on", kernelsInWords(kernelsIn(cause.hits.map(([, , set]) => set))));
  const others = kernelsIn([cause.others]);
  if (others.length > 0) list.add("not on", kernelsInWords(others));
  if (cause.why >= 0) list.add("why", text(data.whys[cause.why].reason));
  if (cause.asked >= 0) list.add("asked", text(cause.asked));
  addCures(list, cause.cures);
  list.add("programs", hitList(cause));
  const body = make("div", { class: "body" }, list);
  if (cause.relocations.length > 0) {
    const behind = () => longList({ class: "places" }, cause.relocations, placeItem);
    list.add("behind it", disclosure({ class: "small" }, [plural(cause.relocations.length, "relocation")], behind));
  }
  if (cause.why >= 0) body.append(...data.whys[cause.why].comparisons.map(comparison));
  return body;
}

// Lists the programs that a cause hits, each with a link to its cell.
function hitList(cause) {
  const sets = new Set(cause.hits.map(([, , set]) => set));
  return longList({ class: "programs" }, cause.hits, ([objectAt, program, set]) => {
    const object = data.objects[objectAt];
    const kernels = kernelsIn([set]);
    const item = make("li");
    if (program >= 0) {
      const hit = programs[object.first + program];
      const optional = hit.isOptional ? " (optional)" : "";
      item.append(make("a", { href: linkTo(hit, kernels[0]) }, hit.name), `${optional} in `);
    }
    item.append(object.name);
    if (sets.size > 1) item.append(` on ${kernelsInWords(kernels)}`);
    return item;
  });
}

function placeItem([objectAt, index]) {
  const object = data.objects[objectAt];
  const [name, kind, access, , source] = object.relocations[index];
  const item = make("li", {}, `${text(kind)} of `, make("code", {}, text(access)), " in ",
    make("code", {}, text(name)), ` of ${object.name} at `, make("code", {}, placeOf(object, index)));
  if (source >= 0) item.append(make("pre", {}, text(source)));
  return item;
}
