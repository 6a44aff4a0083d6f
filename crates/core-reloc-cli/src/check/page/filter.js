// Filters: which programs, kernels and causes are shown.

const form = document.getElementById("filter");

// Returns a function that tells whether a text has what someone looks for: words that all occur, or one of
// several such alternatives, which commas separate. Returns null if nothing is looked for.
function matcher(query, isWholeNumbers) {
  const alternatives = query.toLowerCase().split(",").map((part) => part.split(/\s+/).filter(Boolean));
  const asked = alternatives.filter((words) => words.length > 0);
  if (asked.length === 0) return null;
  const isDigit = (char) => char >= "0" && char <= "9";
  const has = (searched, word) => {
    let at = searched.indexOf(word);
    while (at >= 0 && isWholeNumbers) {
      // 6.1 is another kernel than 6.12.
      const end = at + word.length;
      const isCut = (isDigit(word[0]) && isDigit(searched[at - 1] || ""))
        || (isDigit(word.at(-1)) && isDigit(searched[end] || ""));
      if (!isCut) return true;
      at = searched.indexOf(word, at + 1);
    }
    return at >= 0;
  };
  return (searched) => asked.some((words) => words.every((word) => has(searched, word)));
}

// The programs of all objects, with what filters search.
const programs = [];
data.objects.forEach((object, objectAt) => {
  object.first = programs.length;
  object.programs.forEach(([name, section, isOptional, relocations, versions], program) => {
    const searched = `${object.name} ${text(name)} ${text(section)}`.toLowerCase();
    programs.push({ object, objectAt, program, name: text(name), section: text(section), isOptional, relocations, versions, searched, causes: [] });
  });
});
data.causes.forEach((cause, at) => {
  cause.at = at;
  cause.searched = `${text(cause.heading)} ${cause.what} ${text(cause.name)}`.toLowerCase();
  for (const [object, program] of cause.hits) {
    if (program >= 0) programs[data.objects[object].first + program].causes.push(at);
  }
});

// Returns what the filters leave: programs, kernels, causes, and notes.
function shownByFilters() {
  const kernelMatcher = matcher(form.elements.kernels.value, true);
  const programMatcher = matcher(form.elements.programs.value, false);
  const thingMatcher = matcher(form.elements.things.value, false);
  const isProblemsOnly = form.elements.problems.checked;

  const kernels = [];
  // The number of kernels that are shown before each kernel.
  const before = [0];
  data.kernels.forEach((label, kernel) => {
    if (kernelMatcher === null || kernelMatcher(label.toLowerCase())) kernels.push(kernel);
    before.push(kernels.length);
  });
  const areShown = data.sets.map((ranges) => ranges.some(([first, last]) => before[last + 1] > before[first]));

  const things = thingMatcher && data.strings.map((string) => thingMatcher(string.toLowerCase()));
  const isThing = data.causes.map((cause) => thingMatcher === null || thingMatcher(cause.searched));
  const hasThing = ({ object, relocations, causes }) =>
    things === null
    || causes.some((cause) => isThing[cause])
    || relocations.some((relocation) => things[object.relocations[relocation][7]]);
  const isProblem = ({ object, program }) =>
    kernels.some((kernel) => data.marks[object.rows[object.kernels[kernel]][0][program][0]].is_problem);
  const isNamed = (program) => programMatcher === null || programMatcher(program.searched);
  const named = programs.map(isNamed);
  const shown = programs.filter((program, at) =>
    named[at] && hasThing(program) && (!isProblemsOnly || isProblem(program)));

  const isHit = ([object, program, set]) => {
    if (!areShown[set]) return false;
    if (program >= 0) return named[data.objects[object].first + program];
    return programMatcher === null || programMatcher(data.objects[object].name.toLowerCase());
  };
  const causes = data.causes.filter((cause) =>
    isThing[cause.at]
    && (!isProblemsOnly || ["problem", "optional"].includes(cause.group))
    && cause.hits.some(isHit));
  // A note is shown with any of its programs.
  const relocationsOf = data.objects.map(() => new Set());
  for (const { objectAt, relocations } of shown) {
    for (const relocation of relocations) relocationsOf[objectAt].add(relocation);
  }
  const notes = data.notes.filter(([object, relocation, , set]) =>
    !isProblemsOnly
    && areShown[set]
    && relocationsOf[object].has(relocation)
    && (things === null || things[data.objects[object].relocations[relocation][7]]));
  const isFiltered = isProblemsOnly || kernelMatcher !== null || programMatcher !== null || thingMatcher !== null;
  return { kernels, programs: shown, causes, notes, isFiltered };
}
