// The data, and what all parts of the page use. Data come from untrusted files, and are inserted only as
// text.
const data = JSON.parse(document.getElementById("data").textContent);
const text = (index) => data.strings[index];

const plural = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

// Makes an element. Children that are strings become text.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Returns runs of consecutive numbers, each with its first and last.
function rangesOf(numbers) {
  const ranges = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && last[1] + 1 === number) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}

// Names kernels, which are in the order of their versions, as ranges.
function kernelsInWords(numbers) {
  const count = data.kernels.length;
  if (count > 1 && numbers.length === count) return `all ${count} kernels`;
  const range = ([first, last]) => {
    if (first === last) return data.kernels[first];
    return `${data.kernels[first]}${last - first === 1 ? ", " : " to "}${data.kernels[last]}`;
  };
  return rangesOf(numbers).map(range).join(", ");
}

// Returns the kernels in any of the sets.
function kernelsIn(sets) {
  const found = new Set();
  for (const set of new Set(sets)) {
    for (const [first, last] of data.sets[set]) {
      for (let kernel = first; kernel <= last; kernel += 1) found.add(kernel);
    }
  }
  return [...found].sort((one, other) => one - other);
}

// Makes the sign of a mark. A sign that stands alone needs its meaning.
function markOf(mark, isAlone) {
  const { name, sign, meaning } = data.marks[mark];
  const attributes = { class: `mark ${name}` };
  if (!isAlone) return make("span", { ...attributes, "aria-hidden": "true" }, sign);
  return make("span", attributes, sign, make("span", { class: "sr" }, ` ${meaning}`));
}

// Makes a button that shows and hides what `content` makes.
function disclosure(attributes, children, content) {
  const button = make("button", { type: "button", ...attributes, "aria-expanded": "false" }, ...children);
  let shown = null;
  button.toggle = (open) => {
    if (open === (shown !== null)) return;
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      shown = content();
      // A heading stays a heading.
      (button.closest("h3, h4") || button).after(shown);
    } else {
      shown.remove();
      shown = null;
    }
  };
  button.addEventListener("click", () => button.toggle(shown === null));
  return button;
}

// Makes a list of terms and what they stand for.
function facts() {
  const list = make("dl");
  list.add = (term, ...content) => {
    const kind = content.every((it) => typeof it === "string") ? { class: "prose" } : {};
    list.append(make("div", {}, make("dt", {}, term), make("dd", kind, ...content)));
  };
  return list;
}

// Makes a list that starts with its first items, with a button for the others.
function longList(attributes, items, makeItem) {
  const SHOWN = 40;
  const list = make("ul", attributes);
  const add = (some) => {
    for (const item of some) list.append(makeItem(item));
  };
  if (items.length <= SHOWN + 10) {
    add(items);
    return list;
  }
  add(items.slice(0, SHOWN));
  const more = make("button", { type: "button", class: "more" }, `Show ${items.length - SHOWN} more`);
  const last = make("li", {}, more);
  list.append(last);
  more.addEventListener("click", () => {
    const before = last.previousElementSibling;
    last.remove();
    add(items.slice(SHOWN));
    const next = before.nextElementSibling.querySelector("button, a");
    if (next) next.focus();
  });
  return list;
}
