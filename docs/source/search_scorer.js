// Tasks come first: who searches for "rollback" wants the page that says how, before options and decisions of that name.
// A page that is called what was searched for comes before all others. The numbers below `score` are those of Sphinx.
var Scorer = {
  score: ([page, title, anchor, , score]) => {
    const searched = (new URLSearchParams(window.location.search).get("q") || "").trim().toLowerCase();
    const heading = title.toLowerCase().split(" > ").pop();
    if (heading === searched && !anchor) return score + 100;
    const named = heading.includes(searched) ? 12 : 0;
    const task = page.startsWith("01-Tutorial/") || page.startsWith("02-How-To/") ? 9 : 0;
    const inside = page.startsWith("05-Contributing/") || page.startsWith("release-history") ? -12 : 0;
    const term = page === "03-Concepts/words" && anchor ? -80 : 0;  // Sphinx gives 100 to an entry of the index
    return score + named + task + inside + term - (anchor ? 3 : 0);
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
