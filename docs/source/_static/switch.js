// The switch between versions in the sidebar, and a line above a page that is not of the newest release.
// Sphinx says in `content_root` where the top of this version is, as seen from the page.
document.addEventListener("DOMContentLoaded", () => {
  const own = VERSIONS.find((version) => version.name === VERSION);
  if (!own) return;
  const top = new URL(document.documentElement.dataset.content_root || "./", location.href);
  const page = location.href.split(/[?#]/)[0].slice(top.href.length) || "index.html";
  const addressOf = (version) =>
    new URL(`../${version.name}/${version.pages.includes(page) ? page : "index.html"}`, top).href;

  const choice = document.createElement("select");
  choice.className = "versions";
  choice.setAttribute("aria-label", "Version");
  for (const version of VERSIONS) {
    const words = version.released ? version.name : `${version.name} (not released yet)`;
    choice.append(new Option(words, addressOf(version), false, version === own));
  }
  choice.addEventListener("change", () => { location.href = choice.value; });
  document.querySelector(".sidebar-brand")?.after(choice);

  const newest = VERSIONS.find((version) => version.released);
  if (own === newest) return;
  const banner = document.createElement("p");
  banner.className = "version-banner";
  banner.append(own.released
    ? `This page describes ${own.name}, which is not the newest version.`
    : `This page describes ${own.name}, which is not released yet.`);
  if (newest) {
    const link = Object.assign(document.createElement("a"), { href: addressOf(newest), innerText: newest.name });
    banner.append(" The newest release is ", link, ".");
  }
  document.querySelector("article, .content")?.prepend(banner);
});
