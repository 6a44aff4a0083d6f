"use strict";
// Shows the results as a table. Data come from untrusted files, and are inserted only as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = (index) => data.strings[index];

  // The verdicts of relocations, in the order of the data.
  const VERDICTS = ["changed", "guarded", "poisoned", "failed", "skipped", "accepted"];
  // The worst verdict of its relocations is that of a program. The worst comes first.
  const BY_SEVERITY = ["failed", "poisoned", "accepted", "guarded", "changed", "skipped"];
  // The sign and meaning of each verdict.
  const LEGEND = {
    unchanged: ["·", "unchanged"],
    changed: ["~", "changed"],
    guarded: ["g", "poisoned, but guarded"],
    poisoned: ["P", "poisoned"],
    failed: ["F", "failed"],
    accepted: ["a", "accepted by the baseline"],
    skipped: ["s", "skipped: not part of a function"],
    none: ["–", "not checked: another byte order"],
  };

  const plural = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // Returns the results of a program on a kernel, or null if the object was not checked there.
  function resultsOf(object, program, kernel) {
    const row = object.kernels[kernel];
    if (row < 0) return null;
    return object.rows[row].filter((result) => object.relocations[result[0]][0] === program);
  }

  // Returns the verdict of a program, and the number of relocations that have it.
  function verdictOf(results) {
    if (results === null) return ["none", 0];
    const counts = {};
    for (const result of results) {
      const name = VERDICTS[result[1]];
      counts[name] = (counts[name] || 0) + 1;
    }
    const worst = BY_SEVERITY.find((name) => counts[name]);
    return worst ? [worst, counts[worst]] : ["unchanged", 0];
  }

  const table = document.getElementById("matrix");
  const rows = []; // The buttons of each program's cells.
  const seen = new Set(); // The verdicts that occur.
  let openButton = null; // The button of the open cell.

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
          const [verdict, count] = verdictOf(resultsOf(object, program, kernelAt));
          seen.add(verdict);
          isBad ||= verdict === "failed" || verdict === "poisoned";
          const sign = LEGEND[verdict][0];
          const suffix = verdict !== "unchanged" && count > 0 ? ` ${count}` : "";
          if (verdict === "none") {
            const mark = make("span", { class: "mark none", title: LEGEND.none[1] }, sign);
            line.append(make("td", {}, mark));
            return;
          }
          const button = make("button", {
            type: "button",
            class: `mark ${verdict}`,
            tabindex: "-1",
            "aria-expanded": "false",
            "aria-label": `${text(name)} on ${kernel}: ${count || ""} ${LEGEND[verdict][1]}`,
          }, sign + suffix);
          button.cell = { objectAt, program, kernelAt, line };
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

  // Makes the panel of a cell: a list of its relocations.
  function panel({ objectAt, program, kernelAt }) {
    const object = data.objects[objectAt];
    const kernel = data.kernels[kernelAt];
    const results = resultsOf(object, program, kernelAt);
    const rank = (result) => BY_SEVERITY.indexOf(VERDICTS[result[1]]);
    results.sort((left, right) => rank(left) - rank(right) || left[0] - right[0]);
    const [name, section] = object.programs[program];
    const title = make("h2", { tabindex: "-1", id: "opened" }, `${text(name)} on ${kernel}`);
    const close = make("button", { type: "button", class: "close" }, "Close");
    close.addEventListener("click", closePanel);
    const all = object.relocations.filter((relocation) => relocation[0] === program).length;
    const unchanged = all - results.length;
    const about = `${object.name}, section ${text(section)}: ${plural(all, "relocation")}, ${unchanged} unchanged`;
    const list = make("ul", { class: "relocations" });
    for (const result of results) list.append(relocationItem(object, result));
    return make("section", { "aria-labelledby": "opened" },
      make("div", { class: "top" }, title, close), make("p", {}, about), list);
  }

  // Makes the list item of a relocation, which opens its explanation.
  function relocationItem(object, result) {
    const [index, verdictAt, value] = result;
    const [, kind, access] = object.relocations[index];
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
      else item.append(explanation(object, result));
    });
    return item;
  }

  function explanation(object, [index, , , whyAt, guard]) {
    const [, , , location, source, offset] = object.relocations[index];
    const facts = make("dl");
    const fact = (term, ...content) => facts.append(make("dt", {}, term), make("dd", {}, ...content));
    if (location >= 0) fact("source", make("code", {}, text(location)));
    if (source >= 0) fact("", make("code", {}, text(source)));
    fact("instruction", make("code", {}, `+0x${offset.toString(16)}`));
    if (guard === -2) fact("guarded", "unreachable on this kernel");
    if (guard >= 0) {
      const check = object.relocations[Math.floor(guard / 2)];
      const program = guard % 2 ? text(object.programs[check[0]][0]) : "the program";
      fact("guarded", `${program} checks ${text(check[1])} of `,
        make("code", {}, text(check[2])), ", which is 0 here");
    }
    const box = make("div", { class: "why" }, facts);
    if (whyAt < 0) return box;
    const why = data.whys[whyAt];
    fact("why", text(why.reason));
    for (const [suggestion, code] of why.cures) {
      fact("help", text(suggestion));
      if (code >= 0) facts.lastChild.append(make("pre", {}, text(code)));
    }
    for (const compared of why.comparisons) box.append(comparison(compared));
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

  function openPanel(button) {
    closePanel();
    const cell = make("td", { colspan: String(data.kernels.length + 1) }, panel(button.cell));
    button.cell.line.after(make("tr", { class: "opened" }, cell));
    button.setAttribute("aria-expanded", "true");
    openButton = button;
    document.getElementById("opened").focus();
  }

  function closePanel() {
    if (openButton === null) return;
    const button = openButton;
    openButton = null;
    const line = button.cell.line.nextElementSibling;
    const hadFocus = line.contains(document.activeElement);
    line.remove();
    button.setAttribute("aria-expanded", "false");
    if (hadFocus) button.focus();
  }

  // The Tab key reaches one cell, and the arrow keys lead from it to the others.
  let current = null;
  function select(button, isFocused) {
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
    select(line[Math.min(Math.max(to[1], 0), line.length - 1)], true);
  }

  function filter() {
    const words = document.getElementById("search").value.toLowerCase().split(/\s+/);
    const only = document.getElementById("only").checked;
    closePanel();
    for (const group of table.tBodies) {
      let isEmpty = true;
      for (const { line, isBad, name } of group.programs) {
        const searched = name.toLowerCase();
        line.hidden = (only && !isBad) || !words.every((word) => searched.includes(word));
        isEmpty &&= line.hidden;
      }
      group.hidden = isEmpty;
    }
    const first = rows.find(({ line, buttons }) => !line.hidden && buttons.length > 0);
    if (current === null || current.cell.line.hidden) select(first ? first.buttons[0] : null, false);
  }

  function summary() {
    const programs = data.objects.reduce((sum, object) => sum + object.programs.length, 0);
    const bad = table.querySelectorAll("button.failed, button.poisoned").length;
    const found = bad === 0 ? "no problems" : plural(bad, "problem");
    document.getElementById("summary").append(
      `${plural(data.objects.length, "object")} with ${plural(programs, "program")} on ${plural(data.kernels.length, "kernel")}: `,
      make("strong", bad === 0 ? {} : { class: "bad" }, found),
      bad === 0 ? "" : " (counted once for each program and kernel)");
    const legend = document.getElementById("legend");
    for (const [verdict, [sign, meaning]] of Object.entries(LEGEND)) {
      if (!seen.has(verdict)) continue;
      const mark = make("span", { class: `mark ${verdict}`, "aria-hidden": "true" }, sign);
      legend.append(make("li", {}, mark, meaning));
    }
  }

  head();
  body();
  summary();
  filter();
  table.addEventListener("click", (event) => {
    const button = event.target.closest("tr.program button");
    if (button === null) return;
    select(button, true);
    if (button === openButton) closePanel();
    else openPanel(button);
  });
  table.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closePanel();
    const button = event.target.closest("tr.program button");
    if (button !== null) move(event, button);
  });
  document.getElementById("filter").addEventListener("input", filter);
  document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
})();
