// Pictures: deploys per week, lead times, the timeline of a unit, and its place among the units that need each other.

function picture(width, height, label, ...children) {
  const root = { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label };
  return h("div", { class: "picture" }, s("svg", root, ...children));
}

function label(x, y, text, more) {
  return s("text", { x, y, ...more }, text);
}

// weeks: [good, bad] of each week, oldest first.
function weeksPicture(weeks) {
  const [width, height, base] = [300, 110, 88];
  const most = Math.max(1, ...weeks.map(([good, bad]) => good + bad));
  const step = (width - 30) / weeks.length;
  const scale = (base - 14) / most;
  const bars = weeks.map(([good, bad], index) => {
    const x = 28 + index * step;
    const weeksAgo = weeks.length - 1 - index;
    const when = weeksAgo ? `${weeksAgo} weeks ago` : "the last 7 days";
    const filled = s("rect", { class: "good", x, y: base - good * scale, width: step - 4, height: good * scale });
    const at = { x: x + 1, y: base - (good + bad) * scale + 1, width: step - 6, height: Math.max(1, bad * scale - 2) };
    const hollow = bad ? s("rect", { class: "bad", ...at }) : null;
    return s("g", {}, s("title", {}, `${when}: ${good} succeeded, ${bad} failed`), filled, hollow);
  });
  const total = weeks.reduce((sum, [good, bad]) => sum + good + bad, 0);
  const axis = [
    s("line", { class: "axis", x1: 26, y1: base, x2: width, y2: base }),
    label(22, 18, most, { "text-anchor": "end" }),
    label(22, base, 0, { "text-anchor": "end" }),
    label(28, base + 16, `${weeks.length} weeks ago`),
    label(width - 4, base + 16, "now", { "text-anchor": "end" }),
  ];
  return picture(width, height, `${total} deploys in ${weeks.length} weeks`, ...axis, ...bars);
}

// lead: [when, seconds] of each release that arrived, oldest first.
function leadPicture(lead) {
  const [width, height, base] = [300, 110, 88];
  const shown = lead.slice(-30);
  const middle = median(lead.map(([, seconds]) => seconds));
  const most = Math.max(60, ...shown.map(([, seconds]) => seconds), middle);
  const scale = (base - 14) / most;
  const step = Math.min(24, (width - 50) / Math.max(1, shown.length));
  const bars = shown.map(([when, seconds, version], index) => {
    const tall = Math.max(2, seconds * scale);
    const at = { class: "lead", x: 48 + index * step, y: base - tall, width: Math.max(2, step - 3), height: tall };
    const name = version === undefined ? "" : textOf(version) + ": ";
    return s("rect", at, s("title", {}, `${name}${age(seconds)}, arrived ${moment(when)}`));
  });
  const y = base - middle * scale;
  return picture(
    width, height, `median lead time ${age(middle)} over ${lead.length} releases`,
    s("line", { class: "axis", x1: 46, y1: base, x2: width, y2: base }),
    label(42, 18, age(most), { "text-anchor": "end" }),
    label(42, base, 0, { "text-anchor": "end" }),
    label(48, base + 16, `the newest ${shown.length}`),
    ...bars,
    s("line", { class: "median", x1: 46, y1: y, x2: width, y2: y }, s("title", {}, `median ${age(middle)}`)),
  );
}

const SHAPES = {
  succeeded: (x, y) => s("circle", { class: "good", cx: x, cy: y, r: 5 }),
  failed: (x, y) => s("path", { class: "cross", d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` }),
  "rolled back": (x, y) => s("path", { class: "back", d: `M${x - 6} ${y + 5}l6 -10l6 10z` }),
  destroyed: (x, y) => s("rect", { class: "gone", x: x - 5, y: y - 5, width: 10, height: 10 }),
  shifting: (x, y) => s("path", { class: "shifting", d: `M${x} ${y - 6}l6 6l-6 6l-6 -6z` }),
};

// A lane for each environment, a shape for each deployment, time from left to right.
function timelinePicture(unit) {
  const lane = 30;
  const [width, height] = [720, board.environments.length * lane + 26];
  const times = unit.past.map((row) => row[5]);
  const first = Math.min(...times, board.now - 3600);
  const across = (when) => 100 + ((when - first) / (board.now - first || 1)) * (width - 112);
  const parts = [];
  board.environments.forEach((environment, index) => {
    const y = 16 + index * lane;
    parts.push(label(0, y + 4, environment.name), s("line", { class: "axis", x1: 100, y1: y, x2: width, y2: y }));
  });
  for (const row of [...unit.past].reverse()) {
    const [position, sequence, action, outcome, version, when] = row;
    const shape = (SHAPES[textOf(outcome)] || SHAPES.shifting)(across(when), 16 + position * lane);
    const said = `${board.environments[position].name} #${sequence}: ${textOf(action)} ${textOf(version)}`;
    shape.append(s("title", {}, `${said} ${textOf(outcome)}, ${moment(when)}`));
    parts.push(shape);
  }
  parts.push(label(100, height - 6, moment(first).slice(0, 10)));
  parts.push(label(width, height - 6, "now", { "text-anchor": "end" }));
  return picture(width, height, `timeline of ${unit.past.length} deployments; the list below says the same`, ...parts);
}

// Names by distance: what `start` reaches through `next`, each at its longest distance (the graph has no cycles).
function columnsOf(start, next) {
  const depth = new Map();
  let border = new Set([start]);
  for (let level = 1; border.size && level < 8; level++) {
    const reached = new Set();
    for (const name of border) for (const other of next(name)) reached.add(other);
    for (const name of reached) depth.set(name, level);
    border = reached;
  }
  const columns = [];
  for (const [name, level] of depth) (columns[level - 1] ||= []).push(name);
  return Array.from(columns, (names) => (names || []).sort());
}

const neededBy = new Map();
for (const unit of board.units) {
  for (const name of unit.needs) neededBy.set(name, [...(neededBy.get(name) || []), unit.name]);
}

const MOST_IN_A_COLUMN = 10;

function graphPicture(unit) {
  const left = columnsOf(unit.name, (name) => byName.get(name)?.needs || []).reverse();
  const right = columnsOf(unit.name, (name) => neededBy.get(name) || []);
  const columns = [...left, [unit.name], ...right];
  const [wide, gap, row] = [150, 56, 40];
  const width = columns.length * (wide + gap) - gap + 2;
  const rows = Math.max(...columns.map((names) => Math.min(names.length, MOST_IN_A_COLUMN + 1)));
  const places = new Map();
  const parts = [];
  columns.forEach((names, column) => {
    const shown = names.slice(0, MOST_IN_A_COLUMN);
    const more = names.length - shown.length;
    const top = ((rows - shown.length - (more ? 1 : 0)) * row) / 2;
    shown.forEach((name, index) => places.set(name, [1 + column * (wide + gap), top + index * row + 4]));
    if (more) parts.push(label(1 + column * (wide + gap), top + shown.length * row + 22, `and ${more} more`));
  });
  for (const [name, [x, y]] of places) {
    for (const need of byName.get(name)?.needs || []) {
      const from = places.get(need);
      if (from) parts.push(arrow(from[0] + wide, from[1] + 15, x, y + 15));
    }
  }
  for (const [name, [x, y]] of places) parts.push(box(name, x, y, wide, name === unit.name));
  const said = `needs ${left.flat().join(", ") || "no unit"}; needed by ${right.flat().join(", ") || "no unit"}`;
  const drawn = picture(width, rows * row + 4, said, ...parts);
  drawn.firstChild.setAttribute("role", "group");
  return drawn;
}

function arrow(x1, y1, x2, y2) {
  const bend = (x2 - x1) / 2;
  return s("path", { class: "edge", d: `M${x1} ${y1}c${bend} 0 ${bend} ${y2 - y1} ${x2 - x1 - 6} ${y2 - y1}m-6 -4l6 4l-6 4` });
}

function box(name, x, y, wide, own) {
  const short = name.length > 20 ? name.slice(0, 19) + "…" : name;
  const parts = [
    s("title", {}, name),
    s("rect", { class: own ? "box own" : "box", x, y, width: wide, height: 30, rx: 4 }),
    label(x + wide / 2, y + 20, short, { "text-anchor": "middle" }),
  ];
  return own || !byName.has(name) ? s("g", {}, ...parts) : s("a", { href: routeOf(name) }, ...parts);
}
