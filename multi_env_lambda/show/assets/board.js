// The two views: the matrix of all units, and one unit. The part of the address after # says which one.

const KINDS = Object.keys(board.marks);
const content = document.getElementById("content");
const view = { text: "", state: "", sort: "unit", descending: false };

function worst(unit) {
  return Math.min(...unit.cells.map((cell) => KINDS.indexOf(cell.marks[0])));
}

function has(unit, kind) {
  return unit.cells.some((cell) => cell.marks.includes(kind));
}

// Sorting by an environment: urgent ones first, then the newest.
const ORDERS = {
  unit: (a, b) => a.name.localeCompare(b.name),
  state: (a, b) => worst(a) - worst(b) || a.name.localeCompare(b.name),
};
board.environments.forEach((environment, index) => {
  ORDERS["environment " + environment.name] = (a, b) => {
    const [one, other] = [a.cells[index], b.cells[index]];
    const urgent = KINDS.indexOf(one.marks[0]) - KINDS.indexOf(other.marks[0]);
    return urgent || (other.when || 0) - (one.when || 0) || a.name.localeCompare(b.name);
  };
});

const searched = new Map(board.units.map((unit) => {
  const said = unit.cells.map((cell) => `${cell.version || ""} ${person(cell.who || "")} ${cell.commit || ""}`);
  return [unit.name, [unit.name, ...said].join(" ").toLowerCase()];
}));

function chosen() {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = board.units.filter((unit) => {
    const all = searched.get(unit.name);
    return words.every((word) => all.includes(word)) && (!view.state || has(unit, view.state));
  });
  found.sort(ORDERS[view.sort]);
  return view.descending ? found.reverse() : found;
}

function cellOf(cell, environment) {
  const lines = [h("span", { class: "environment" }, environment.name)];
  lines.push(h("span", { class: "version" }, cell.version || "–"), " ");
  if (cell.version) lines.push(time(cell.when, age(board.now - cell.when)));
  lines.push(h("span", { class: "marks" }, ...cell.marks.flatMap((kind) => [mark(kind), " "])));
  return h("td", { role: "cell", class: cell.marks[0], title: whole(cell) }, ...lines);
}

function whole(cell) {
  const parts = [
    cell.when && `${moment(cell.when)} by ${person(cell.who)}`,
    cell.commit && `commit ${cell.commit}`,
    cell.release && `release ${cell.release}`,
    cell.failed && `${cell.failedVersion} failed: ${cell.failed}`,
    cell.back && `rolled back: ${cell.back}`,
    cell.drift && `changed by hand: ${cell.drift.join(", ")}`,
    cell.held && `held by ${cell.held}`,
    cell.moved,
    cell.unreleased,
    cell.uncompared && `not compared: ${cell.uncompared}`,
    cell.unreadable,
  ];
  return parts.filter(Boolean).join("\n") || null;
}

// Each row is made once; filtering and sorting only move it.
const rows = new Map();

function rowOf(unit) {
  if (!rows.has(unit.name)) rows.set(unit.name, newRow(unit));
  return rows.get(unit.name);
}

function newRow(unit) {
  const name = h("a", { href: routeOf(unit.name) }, unit.name);
  const note = unit.state ? h("small", {}, ` ${unit.state}`) : null;
  const cells = unit.cells.map((cell, index) => cellOf(cell, board.environments[index]));
  return h("tr", { role: "row", "data-unit": unit.name }, h("th", { role: "rowheader", scope: "row" }, name, note), ...cells);
}

function sortBy(key) {
  view.descending = view.sort === key && !view.descending;
  view.sort = key;
}

function matrixView() {
  const body = h("tbody", { role: "rowgroup" });
  const count = h("p", { role: "status", "aria-live": "polite", class: "count" });
  const columns = [["unit", "unit"], ...board.environments.map(({ name }) => ["environment " + name, name])];
  const heads = columns.map(([key, text]) => {
    const press = () => { sortBy(key); update(); };
    const arrow = h("span", { "aria-hidden": "true", class: "arrow" });
    const button = h("button", { type: "button", title: `sort by ${text}`, onclick: press }, text, " ", arrow);
    return h("th", { role: "columnheader", scope: "col" }, button);
  });
  const sorts = h("select", { onchange: (event) => { view.sort = event.target.value; view.descending = false; update(); } },
    h("option", { value: "unit" }, "unit"), h("option", { value: "state" }, "most urgent"),
    ...board.environments.map(({ name }) => h("option", { value: "environment " + name }, name)));
  const met = KINDS.filter((kind) => board.units.some((unit) => has(unit, kind)));
  const chips = ["", ...met].map((kind) => chip(kind, () => { view.state = kind; update(); }));
  const search = h("input", {
    type: "search", value: view.text, placeholder: "unit, version, person, commit", id: "search",
    oninput: (event) => { view.text = event.target.value; update(); },
  });

  function update() {
    const found = chosen();
    body.replaceChildren(...found.map(rowOf));
    count.textContent = `${found.length} of ${board.units.length} units`;
    sorts.value = view.sort;
    heads.forEach((head, index) => {
      const own = columns[index][0] === view.sort;
      head.setAttribute("aria-sort", own ? (view.descending ? "descending" : "ascending") : "none");
      head.querySelector(".arrow").textContent = own ? (view.descending ? "▼" : "▲") : "";
    });
    chips.forEach((button) => button.setAttribute("aria-pressed", String(button.value === view.state)));
  }

  update();
  const table = h("table", { role: "table", class: "matrix", "aria-label": "units and environments" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...heads)), body);
  content.replaceChildren(
    h("h1", { class: "hidden" }, board.title),
    h("div", { class: "controls" }, h("label", { class: "search" }, "Filter ", search), h("label", {}, "Sort by ", sorts)),
    h("div", { class: "chips", role: "group", "aria-label": "show only units with this state" }, ...chips),
    count, table, overall(),
  );
  document.title = board.title;
}

function chip(kind, press) {
  const number = kind ? board.units.filter((unit) => has(unit, kind)).length : board.units.length;
  const attributes = { type: "button", value: kind, class: "chip " + kind, onclick: press };
  return h("button", attributes, kind ? mark(kind) : "all", " ", h("b", {}, number));
}

// The charts of all units together, for the last environment.
function overall() {
  const last = board.environments[board.environments.length - 1].short;
  const weeks = board.units[0]?.weeks.map((_, week) => {
    return [0, 1].map((part) => board.units.reduce((sum, unit) => sum + unit.weeks[week][part], 0));
  }) || [];
  const lead = board.units.flatMap((unit) => unit.lead).sort((a, b) => a[0] - b[0]);
  return h("details", { class: "overall", open: window.innerWidth > 640 },
    h("summary", {}, `How fast, how often (all units, ${last})`), charts(weeks, lead, last));
}

function charts(weeks, lead, last) {
  const total = weeks.reduce((sum, [good, bad]) => sum + good + bad, 0);
  const middle = median(lead.map(([, seconds]) => seconds));
  return h("div", { class: "charts" },
    h("figure", {}, h("figcaption", {}, `Deploys to ${last} per week: ${total} in ${weeks.length} weeks`), weeksPicture(weeks),
      h("small", {}, "filled: succeeded, hollow: failed")),
    h("figure", {},
      h("figcaption", {}, `Lead time from commit to ${last}: ` + (middle === null ? "no releases yet" : `median ${age(middle)}`)),
      lead.length ? leadPicture(lead) : null));
}

function unitView(unit) {
  const last = board.environments[board.environments.length - 1].short;
  content.replaceChildren(
    h("p", {}, h("a", { href: "#" }, "← all units")),
    h("h1", {}, unit.name, " ", h("small", {}, unit.about)),
    h("ul", { class: "places" }, ...board.environments.map((environment, index) => placeOf(unit, environment, index))),
    h("h2", {}, "What it needs, and what needs it"), graphPicture(unit),
    h("small", {}, "Arrows go from a unit to the units that need it."),
    h("h2", {}, "How fast, how often"), charts(unit.weeks, unit.lead, last),
    h("h2", {}, "History"),
    unit.past.length ? timelinePicture(unit) : h("p", {}, "Never deployed."),
    unit.past.length ? legend() : null,
    h("ol", { class: "past" }, ...unit.past.map(pastOf)),
    unit.past.length ? h("p", {}, h("small", {}, `At most the newest ${board.newest} per environment.`)) : null,
  );
  // Where the graph is wider than the screen, begin with the unit itself.
  const own = content.querySelector(".own");
  const frame = own.closest(".picture");
  frame.scrollLeft = own.getAttribute("x") - (frame.clientWidth - own.getAttribute("width")) / 2;
  document.title = `${unit.name} – what runs where`;
}

function placeOf(unit, environment, index) {
  const cell = unit.cells[index];
  const links = (unit.links[index] || []).map(([text, url]) => h("li", {}, external(text, url)));
  const roles = environment.role ? [h("li", {}, external("switch role", environment.role))] : [];
  const made = (cell.made || []).map(([text, url]) => h("li", {}, url ? external(text, url) : text));
  const said = whole(cell);
  return h("li", { class: "place " + cell.marks[0] },
    h("h3", {}, environment.name),
    h("div", {}, h("span", { class: "version" }, cell.version || "–"), " ", cell.when ? time(cell.when, ago(cell.when)) : null),
    h("div", { class: "marks" }, ...cell.marks.flatMap((kind) => [mark(kind), " "])),
    said ? h("p", { class: "said" }, said) : null,
    made.length ? h("details", {}, h("summary", {}, "Resources with data"), h("ul", {}, ...made)) : null,
    roles.length + links.length ? h("details", {}, h("summary", {}, `Console (${environment.account})`), h("ul", {}, ...roles, ...links)) : null);
}

const OUTCOMES = { succeeded: "✓", failed: "✗", "rolled back": "▲", destroyed: "■", shifting: "…" };

function legend() {
  const said = ["● succeeded", "✗ failed", "▲ rolled back", "■ destroyed", "◇ shifting"];
  return h("p", {}, h("small", {}, said.join("   ")));
}

function pastOf(row) {
  const [position, sequence, action, outcome, version, when, who, commit, reason, detail, seconds] = row;
  const word = textOf(outcome);
  const more = [textOf(reason), textOf(detail)].filter(Boolean);
  return h("li", { class: word === "succeeded" ? "good" : word === "shifting" ? "still" : "bad" },
    h("span", { class: "glyph", "aria-hidden": "true" }, OUTCOMES[word] || "?"), " ",
    h("b", {}, textOf(version)), ` ${textOf(action)} to ${board.environments[position].name} ${word} `,
    time(when, ago(when)),
    h("div", { class: "said" },
      `#${sequence}, ${moment(when)}, by `, h("span", { title: textOf(who) }, person(textOf(who))),
      textOf(commit) ? `, commit ${textOf(commit)}` : "", seconds ? `, ${seconds} s` : ""),
    ...more.map((text) => h("div", { class: "said" }, text)));
}

function nothingView(name) {
  content.replaceChildren(h("h1", {}, "There is no unit with this name"), h("p", {}, name), h("a", { href: "#" }, "← all units"));
}

function show(moved) {
  let name = location.hash.slice(1);
  try { name = decodeURIComponent(name); } catch { /* as it is */ }
  if (!name) matrixView();
  else if (byName.has(name)) unitView(byName.get(name));
  else nothingView(name);
  if (moved) {
    window.scrollTo(0, 0);
    content.focus({ preventScroll: true });
  }
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the part after # is a unit's name
  content.focus();
});
window.addEventListener("hashchange", () => show(true));
show(false);
