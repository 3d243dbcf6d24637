
// One normal form for the query, as components/estate/persian.py makes it for the keys in `data-key`.
const LETTERS = { "ى": "ی", "ي": "ی", "ك": "ک", "ة": "ه", "\u06c0": "ه", "\u0640": "", "\u200c": " " };
const fold = (text) =>
  text
    .normalize("NFKC").toLowerCase().normalize("NFKC")
    .replace(/[۰-۹]/g, (digit) => digit.charCodeAt(0) - 0x06f0)
    .replace(/[٠-٩]/g, (digit) => digit.charCodeAt(0) - 0x0660)
    .replace(/[ىيكة\u06c0\u0640\u200c]/g, (letter) => LETTERS[letter])
    .replace(/[\p{Mn}\p{Cf}]/gu, "")
    .replace(/\s+/g, " ")
    .trim();

const field = document.getElementById("q");
const count = document.getElementById("count");
const language = document.getElementById("language");
const groups = [...document.querySelectorAll("section")].map((section) => ({
  section,
  counts: section.id !== "missing",
  rows: [...section.querySelectorAll("li")].map((row) => ({ row, key: `${section.dataset.key} ${row.dataset.key}` })),
}));

function filter() {
  const words = fold(field.value).split(" ");
  let found = 0;
  for (const { section, counts, rows } of groups) {
    let hits = 0;
    for (const { row, key } of rows) {
      const isHit = words.every((word) => key.includes(word));
      if (row.hidden === isHit) row.hidden = !isHit;
      hits += isHit;
    }
    if (section.hidden !== !hits) section.hidden = !hits;
    if (counts) found += hits;
  }
  const number = new Intl.NumberFormat(document.documentElement.lang).format(found);
  const { all, found: some, none } = count.dataset;
  count.textContent = words[0] === "" ? all : found ? some.replace("{found}", number) : none;
}

// The query stands in the address, so that a search can be linked to, and goes along to the other language.
function remember() {
  const fragment = field.value.trim() ? `#q=${encodeURIComponent(field.value)}` : "";
  history.replaceState(null, "", fragment || location.pathname + location.search);
  language.hash = fragment;
}

// An agency's bare host sends here with ?agency=ID: to its part of the page.
function showAgency() {
  const asked = new URLSearchParams(location.search).get("agency");
  const section = asked && document.getElementById(`agency-${asked}`);
  if (!section) return;
  // Sections out of sight have estimated heights; after two frames those on the way have real ones.
  const show = () => section.scrollIntoView();
  addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(show)));
  show();
}

function recall() {
  const asked = /^#q=(.*)$/.exec(location.hash);
  if (!asked) return;
  try {
    field.value = decodeURIComponent(asked[1]);
  } catch {
    field.value = ""; // a broken escape asks for nothing
  }
  language.hash = location.hash;
  filter();
}

let waiting;
field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => { filter(); remember(); }, 120);
});
addEventListener("hashchange", recall);
field.hidden = false;
field.labels[0].hidden = false;
recall();
showAgency();
