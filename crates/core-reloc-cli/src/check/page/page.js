"use strict";
// Shows the data as a table. Texts are only ever set as text: they come from files that anybody may
// have written.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = (at) => data.strings[at];

  // How relocations come out, in the order of the data; and how programs do, the worst first.
  const VERDICTS = ["changed", "guarded", "poisoned", "failed", "skipped", "accepted"];
  const WORST = ["failed", "poisoned", "accepted", "guarded", "changed", "skipped"];
  const SHOWN = {
    unchanged: ["·", "unchanged"],
    changed: ["~", "changed"],
    guarded: ["g", "poisoned, but guarded"],
    poisoned: ["P", "poisoned"],
    failed: ["F", "failed"],
    accepted: ["a", "accepted by the baseline"],
    skipped: ["s", "skipped: in no function"],
    none: ["–", "not checked: another byte order"],
  };

  const plural = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // The entries of a program on a kernel; null if the object was not checked there.
  function entriesOf(object, program, kernel) {
    const row = object.kernels[kernel];
    if (row < 0) return null;
    return object.rows[row].filter((entry) => object.relocations[entry[0]][0] === program);
  }

  function verdictOf(entries) {
    if (entries === null) return ["none", 0];
    const counts = {};
    for (const entry of entries) {
      const name = VERDICTS[entry[1]];
      counts[name] = (counts[name] || 0) + 1;
    }
    const worst = WORST.find((name) => counts[name]);
    return worst ? [worst, counts[worst]] : ["unchanged", 0];
  }

  const table = document.getElementById("matrix");
  const rows = []; // The cells' buttons, a line for each program that can be shown.
  const seen = new Set();
  let opened = null; // The button of the cell that is open.

  function head() {
    const line = make("tr", {}, make("th", { scope: "col" }, "Program"));
    for (const kernel of data.kernels) {
      line.append(make("th", { scope: "col" }, make("span", {}, kernel)));
    }
    table.tHead.append(line);
  }

  function body() {
    data.objects.forEach((object, objectAt) => {
      const group = make("tbody");
      const span = String(data.kernels.length + 1);
      const heading = make("th", { scope: "rowgroup", colspan: span }, object.name);
      group.append(make("tr", { class: "object" }, heading));
      const programs = [];
      object.programs.forEach(([name, section], program) => {
        const line = make("tr", { class: "program" });
        line.append(make("th", { scope: "row", title: text(section) }, text(name)));
        const buttons = [];
        let isBad = false;
        data.kernels.forEach((kernel, kernelAt) => {
          const [verdict, count] = verdictOf(entriesOf(object, program, kernelAt));
          seen.add(verdict);
          isBad ||= verdict === "failed" || verdict === "poisoned";
          const sign = SHOWN[verdict][0];
          const many = verdict !== "unchanged" && count > 0 ? ` ${count}` : "";
          if (verdict === "none") {
            const mark = make("span", { class: "mark none", title: SHOWN.none[1] }, sign);
            line.append(make("td", {}, mark));
            return;
          }
          const button = make("button", {
            type: "button",
            class: `mark ${verdict}`,
            tabindex: "-1",
            "aria-expanded": "false",
            "aria-label": `${text(name)} on ${kernel}: ${count || ""} ${SHOWN[verdict][1]}`,
          }, sign + many);
          button.place = { objectAt, program, kernelAt, line };
          buttons.push(button);
          line.append(make("td", {}, button));
        });
        rows.push({ line, buttons });
        programs.push({ line, isBad, name: `${object.name} ${text(name)} ${text(section)}` });
        group.append(line);
      });
      group.programs = programs;
      table.append(group);
    });
  }

  // What a cell stands for: a list of its relocations, each with its explanation.
  function panel({ objectAt, program, kernelAt }) {
    const object = data.objects[objectAt];
    const kernel = data.kernels[kernelAt];
    const entries = entriesOf(object, program, kernelAt);
    const rank = (entry) => WORST.indexOf(VERDICTS[entry[1]]);
    entries.sort((one, other) => rank(one) - rank(other) || one[0] - other[0]);
    const [name, section] = object.programs[program];
    const title = make("h2", { tabindex: "-1", id: "opened" }, `${text(name)} on ${kernel}`);
    const close = make("button", { type: "button", class: "close" }, "Close");
    close.addEventListener("click", shut);
    const all = object.relocations.filter((relocation) => relocation[0] === program).length;
    const rest = all - entries.length;
    const about = `${object.name}, section ${text(section)}: ${plural(all, "relocation")}, ${rest} unchanged`;
    const list = make("ul", { class: "relocations" });
    for (const entry of entries) list.append(relocation(object, entry));
    return make("section", { "aria-labelledby": "opened" },
      make("div", { class: "top" }, title, close), make("p", {}, about), list);
  }

  function relocation(object, entry) {
    const [at, verdictAt, value] = entry;
    const [, kind, access] = object.relocations[at];
    const verdict = VERDICTS[verdictAt];
    const button = make("button", {
      type: "button", class: "relocation", "aria-expanded": "false",
    },
      make("span", { class: `mark ${verdict}` }, verdict),
      make("span", { class: "kind" }, text(kind)),
      make("span", { class: "access" }, text(access)));
    if (value !== null) button.append(make("span", { class: "value" }, `= ${value}`));
    const item = make("li", {}, button);
    button.addEventListener("click", () => {
      const isOpen = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!isOpen));
      if (isOpen) item.lastChild.remove();
      else item.append(explanation(object, entry));
    });
    return item;
  }

  function explanation(object, [at, , , whyAt, guard]) {
    const [, , , place, source, offset] = object.relocations[at];
    const facts = make("dl");
    const fact = (term, ...what) => facts.append(make("dt", {}, term), make("dd", {}, ...what));
    if (place >= 0) fact("source", make("code", {}, text(place)));
    if (source >= 0) fact("", make("code", {}, text(source)));
    fact("instruction", make("code", {}, `+0x${offset.toString(16)}`));
    if (guard === -2) fact("guarded", "no path leads to it on this kernel");
    if (guard >= 0) {
      const asking = object.relocations[Math.floor(guard / 2)];
      const program = guard % 2 ? text(object.programs[asking[0]][0]) : "the program";
      fact("guarded", `${program} asks for ${text(asking[1])} of `,
        make("code", {}, text(asking[2])), ", which is 0 here");
    }
    const box = make("div", { class: "why" }, facts);
    if (whyAt < 0) return box;
    const why = data.whys[whyAt];
    fact("why", text(why.reason));
    for (const [cure, code] of why.cures) {
      fact("help", text(cure));
      if (code >= 0) facts.lastChild.append(make("pre", {}, text(code)));
    }
    for (const it of why.comparisons) box.append(comparison(it));
    return box;
  }

  function comparison([titles, lines]) {
    const compared = make("table");
    const head = make("tr");
    for (const title of titles) head.append(make("th", { scope: "col" }, text(title)));
    compared.append(make("thead", {}, head));
    const body = make("tbody");
    for (const line of lines) {
      if (line.length === 1) {
        const more = make("td", { colspan: "2" }, `… ${line[0]} more`);
        body.append(make("tr", { class: "more" }, more));
        continue;
      }
      const [left, right, mark] = line;
      const row = make("tr", { class: ["", "differs", "focus"][mark] });
      for (const side of [left, right]) row.append(make("td", {}, side < 0 ? "" : text(side)));
      if (mark === 2) row.firstChild.prepend(make("span", { class: "sr" }, "This line: "));
      body.append(row);
    }
    compared.append(body);
    return make("div", { class: "compare", tabindex: "0", role: "group", "aria-label": "Definitions side by side" }, compared);
  }

  function open(button) {
    shut();
    const cell = make("td", { colspan: String(data.kernels.length + 1) }, panel(button.place));
    button.place.line.after(make("tr", { class: "opened" }, cell));
    button.setAttribute("aria-expanded", "true");
    opened = button;
    document.getElementById("opened").focus();
  }

  function shut() {
    if (opened === null) return;
    const button = opened;
    opened = null;
    const line = button.place.line.nextElementSibling;
    const hadFocus = line.contains(document.activeElement);
    line.remove();
    button.setAttribute("aria-expanded", "false");
    if (hadFocus) button.focus();
  }

  // One cell is in the order of the tabulator key; the arrow keys lead to the others.
  let current = null;
  function choose(button, isFocused) {
    if (current !== null) current.tabIndex = -1;
    current = button;
    if (button === null) return;
    button.tabIndex = 0;
    if (isFocused) button.focus();
  }

  function move(event, button) {
    const shown = rows.filter(({ line, buttons }) => !line.hidden && buttons.length > 0);
    const row = shown.findIndex(({ buttons }) => buttons.includes(button));
    const column = shown[row].buttons.indexOf(button);
    const to = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      Home: [row, 0],
      End: [row, Infinity],
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const line = shown[Math.min(Math.max(to[0], 0), shown.length - 1)].buttons;
    choose(line[Math.min(Math.max(to[1], 0), line.length - 1)], true);
  }

  function choice() {
    const words = document.getElementById("search").value.toLowerCase().split(/\s+/);
    const only = document.getElementById("only").checked;
    shut();
    for (const group of table.tBodies) {
      let isEmpty = true;
      for (const { line, isBad, name } of group.programs) {
        const known = name.toLowerCase();
        line.hidden = (only && !isBad) || !words.every((word) => known.includes(word));
        isEmpty &&= line.hidden;
      }
      group.hidden = isEmpty;
    }
    const first = rows.find(({ line, buttons }) => !line.hidden && buttons.length > 0);
    if (current === null || current.place.line.hidden) choose(first ? first.buttons[0] : null, false);
  }

  function summary() {
    const programs = data.objects.reduce((sum, object) => sum + object.programs.length, 0);
    const bad = table.querySelectorAll("button.failed, button.poisoned").length;
    const found = bad === 0 ? "no problem" : plural(bad, "problem");
    document.getElementById("summary").append(
      `${plural(data.objects.length, "object")} with ${plural(programs, "program")} on ${plural(data.kernels.length, "kernel")}: `,
      make("strong", bad === 0 ? {} : { class: "bad" }, found),
      bad === 0 ? "" : " (a program on a kernel each)");
    const legend = document.getElementById("legend");
    for (const [verdict, [sign, meaning]] of Object.entries(SHOWN)) {
      if (!seen.has(verdict)) continue;
      const mark = make("span", { class: `mark ${verdict}`, "aria-hidden": "true" }, sign);
      legend.append(make("li", {}, mark, meaning));
    }
  }

  head();
  body();
  summary();
  choice();
  table.addEventListener("click", (event) => {
    const button = event.target.closest("tr.program button");
    if (button === null) return;
    choose(button, true);
    if (button === opened) shut();
    else open(button);
  });
  table.addEventListener("keydown", (event) => {
    if (event.key === "Escape") shut();
    const button = event.target.closest("tr.program button");
    if (button !== null) move(event, button);
  });
  document.getElementById("choice").addEventListener("input", choice);
  document.getElementById("choice").addEventListener("submit", (event) => event.preventDefault());
})();
