/* What a page must be for everybody: run in the page by the tests, it returns the faults as sentences. */
(() => {
  const faults = [];
  const told = (element) => element.tagName.toLowerCase() + (element.id ? "#" + element.id : "") + " " +
    (element.textContent || "").trim().slice(0, 40);
  const shown = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const all = (selector) => [...document.querySelectorAll(selector)];

  // Names of controls (WCAG 4.1.2), a reduced form of the accessible name computation.
  const named = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent || "").join(" ").trim();
  const name = (element) =>
    (element.getAttribute("aria-labelledby") && named(element.getAttribute("aria-labelledby"))) ||
    (element.getAttribute("aria-label") || "").trim() ||
    (element.labels && [...element.labels].map((one) => one.textContent).join(" ").trim()) ||
    (/^(a|button|summary)$/i.test(element.tagName) ? element.textContent.trim() : "");
  for (const element of all("a[href], button, input, select, textarea, summary, [tabindex='0'], [role=region], [role=search]"))
    if (shown(element) && !name(element)) faults.push("no name: " + told(element));
  const links = {};
  for (const element of all("a[href]")) (links[name(element) + " " + element.href] ??= []).push(element);

  // Headings: one h1, none skipped (1.3.1).
  const levels = all("h1, h2, h3, h4, h5, h6").filter(shown).map((one) => Number(one.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push("h1: " + levels.filter((level) => level === 1).length);
  levels.forEach((level, rank) => { if (rank && level > levels[rank - 1] + 1) faults.push("heading skipped before rank " + rank); });

  // Landmarks (2.4.1): one main, navigations with different names.
  if (all("main").length !== 1) faults.push("main: " + all("main").length);
  const navigations = all("nav").map(name);
  if (navigations.some((one) => !one)) faults.push("navigation without a name");
  if (new Set(navigations).size !== navigations.length) faults.push("navigations with one name: " + navigations);
  if (!/^(fr|en)$/.test(document.documentElement.lang)) faults.push("language: " + document.documentElement.lang);
  if (!document.title.trim()) faults.push("no title");

  // Tables: caption and headers with a scope (1.3.1).
  for (const table of all("table")) {
    if (!table.caption || !table.caption.textContent.trim()) faults.push("table without caption: " + told(table));
    for (const header of table.querySelectorAll("th"))
      if (!/^(row|col)$/.test(header.scope)) faults.push("header without scope: " + told(header));
    if (!table.querySelector("th[scope=col]")) faults.push("table without column headers: " + told(table));
  }
  const ids = all("[id]").map((one) => one.id);
  if (new Set(ids).size !== ids.length) faults.push("the same id twice");
  for (const element of all("[aria-labelledby], [aria-describedby], label[for], a[href^='#']")) {
    const targets = (element.getAttribute("aria-labelledby") || element.getAttribute("aria-describedby") ||
      element.getAttribute("for") || element.getAttribute("href").slice(1)).split(/\s+/);
    for (const id of targets) if (!document.getElementById(id)) faults.push("leads nowhere: " + id);
  }

  // Contrast of every text with what lies behind it (1.4.3: 4.5 to 1), and of what frames controls (1.4.11: 3 to 1).
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => channels(colour).slice(0, 3).map((one) => one / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, rank) => sum + one * [0.2126, 0.7152, 0.0722][rank], 0);
  const contrast = (one, other) => {
    const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((channels(colour)[3] ?? 1) === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  for (const element of all("body *")) {
    if (!shown(element) || element.closest("template, .hidden")) continue;
    const style = getComputedStyle(element);
    if ([...element.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim())) {
      const ratio = contrast(style.color, behind(element));
      if (ratio < 4.5) faults.push("contrast " + ratio.toFixed(2) + ": " + told(element));
      if (parseFloat(style.fontSize) < 12) faults.push("too small: " + told(element));
    }
    if (element.matches("input, select, button")) {
      const ratio = contrast(style.borderTopColor, behind(element.parentElement));
      if (ratio < 3) faults.push("frame " + ratio.toFixed(2) + ": " + told(element));
    }
  }
  // Targets big enough to hit (2.5.8: 24 px, but for those in a line of text).
  for (const element of all("button, select, input, summary, a.button")) {
    const box = element.getBoundingClientRect();
    if (shown(element) && (box.height < 24 || box.width < 24)) faults.push("small target: " + told(element));
  }
  return faults;
})()
