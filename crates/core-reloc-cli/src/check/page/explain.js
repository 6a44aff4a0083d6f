// Explanations of relocations.

// Makes the list item of a result, which opens its explanation.
function relocationItem(object, result) {
  const [index, verdict, value] = result;
  const [, kind, access] = object.relocations[index];
  const children = [
    make("span", { class: `mark ${verdict}` }, verdict),
    make("span", { class: "kind" }, text(kind)),
    make("code", { class: "access" }, text(access)),
  ];
  if (value !== null) children.push(make("span", { class: "value" }, `= ${value}`));
  return make("li", {}, disclosure({ class: "line" }, children, () => relocationBody(object, result)));
}

function relocationBody(object, [index, verdict, , whyAt, proof]) {
  const [, , , , source] = object.relocations[index];
  const list = facts();
  list.add("source", make("code", {}, placeOf(object, index)));
  if (source >= 0) list.add("code", make("code", {}, text(source)));
  list.add("function", make("code", {}, text(object.relocations[index][0])));
  if (proof >= 0) list.add(verdict === "guarded" ? "proof" : "asked", text(proof));
  const body = make("div", { class: "body" }, list);
  if (whyAt < 0) return body;
  const why = data.whys[whyAt];
  list.add("why", text(why.reason));
  if (verdict !== "guarded") addCures(list, why.cures);
  body.append(...why.comparisons.map(comparison));
  return body;
}

// Returns where a relocation is in the source, or else in the code.
function placeOf(object, index) {
  const [, , , location, , section, offset] = object.relocations[index];
  return location >= 0 ? text(location) : `${text(section)}+0x${offset.toString(16)}`;
}

function addCures(list, cures) {
  for (const [suggestion, code] of cures) {
    const content = [text(suggestion)];
    if (code >= 0) content.push(make("pre", {}, text(code)));
    list.add("help", ...content);
  }
}

// Makes two definitions, which stand side by side or, where that is too narrow, one below the other.
function comparison([titles, lines]) {
  const sides = [0, 1].map((side) => {
    const body = make("tbody");
    for (const line of lines) {
      const isLeftOut = line.length === 1;
      const mark = isLeftOut ? "left-out" : ["", "differs", "focus"][line[2]];
      const row = make("tr", { class: mark });
      const cell = make("td");
      if (isLeftOut) cell.append(`… ${line[0]} more`);
      else if (line[side] >= 0) cell.append(text(line[side]));
      else row.classList.add("blank");
      if (mark === "focus") cell.prepend(make("span", { class: "sr" }, "This line: "));
      row.append(cell);
      body.append(row);
    }
    const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, text(titles[side]))));
    return make("div", { class: "side", tabindex: "0", role: "group", "aria-label": text(titles[side]) },
      make("table", {}, head, body));
  });
  return make("div", { class: "compare" }, ...sides);
}
