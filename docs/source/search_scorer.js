// Tasks come first: who searches for "rollback" wants the page that says how, before options and decisions of that name.
// A page that is called what was searched for comes before all others. The numbers below `score` are those of Sphinx.
// Sphinx counts one word of several: pages that have each of them, in their title or among their entries, come first.
const _little = new Set(["the", "how", "and", "for", "from", "with"]);
const _words = (text) => text.toLowerCase().match(/[a-z0-9_]{3,}/g) || [];
const _entries = new Map();

const _entriesOf = (page) => {
  if (!_entries.size) {
    const names = Search._index.docnames;
    names.forEach((name) => _entries.set(name, new Set()));
    for (const [text, places] of Object.entries(Search._index.indexentries || {}))
      for (const [number] of places) _words(text).forEach((word) => _entries.get(names[number])?.add(word));
  }
  return _entries.get(page) || new Set();
};

const _alike = (page, title, searched) => {
  const known = [..._words(title), ..._entriesOf(page)];
  const asked = _words(searched).filter((word) => !_little.has(word));
  return 8 * asked.filter((word) => known.some((one) => one.startsWith(word))).length;
};

var Scorer = {
  score: ([page, title, anchor, , score]) => {
    const searched = (new URLSearchParams(window.location.search).get("q") || "").trim().toLowerCase();
    const heading = title.toLowerCase().split(" > ").pop();
    if (heading === searched && !anchor) return score + 100;
    const named = heading.includes(searched) ? 12 : 0;
    const task = page.startsWith("01-Tutorial/") || page.startsWith("02-How-To/") ? 9 : 0;
    const inside = page.startsWith("05-Contributing/") || page.startsWith("release-history") ? -12 : 0;
    const term = page === "03-Concepts/words" && anchor ? -80 : 0;  // Sphinx gives 100 to an entry of the index
    return score + named + task + inside + term + (anchor ? -3 : _alike(page, title, searched));
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
