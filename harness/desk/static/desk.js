/* Keeps the desk up to date: asks for the next change, draws its regions again, counts the time of the wait.
   Regions are HTML that our own templates escaped. What is being typed is left alone while its task lasts. */
"use strict";
(() => {
  const body = document.body;
  const link = document.getElementById("link");
  const news = document.getElementById("news");
  let version = Number(body.dataset.version), serial = Number(body.dataset.serial), leaving = false;

  function clock(seconds) {
    const pad = (value) => String(value).padStart(2, "0");
    const hours = Math.floor(seconds / 3600), minutes = Math.floor((seconds % 3600) / 60);
    return hours ? hours + ":" + pad(minutes) + ":" + pad(seconds % 60) : minutes + ":" + pad(seconds % 60);
  }

  let base = 0, at = 0;
  function wind() {
    const timer = document.querySelector(".timer");
    base = timer ? Number(timer.dataset.seconds) : -1;
    at = performance.now();
  }
  setInterval(() => {
    const timer = document.querySelector(".timer");
    if (timer && base >= 0) timer.textContent = clock(Math.floor(base + (performance.now() - at) / 1000));
  }, 500);

  function draw(name, html) {
    const region = document.getElementById(name);
    const open = [...region.querySelectorAll("details")].map((one) => one.open);
    region.innerHTML = html;
    if (name === "past" && region.children.length === open.length)
      [...region.querySelectorAll("details")].forEach((one, rank) => (one.open = open[rank]));
  }

  function show(told) {
    if (told.run !== body.dataset.run) {
      leaving = true;
      location.reload(); /* another run serves this page now: its forms are others */
      return;
    }
    if (told.version === version) return;
    version = told.version;
    for (const [name, html] of Object.entries(told.regions)) {
      if (name === "work") {
        if (told.serial === serial) continue;
        const inside = document.getElementById("work").contains(document.activeElement);
        draw(name, html);
        if (inside) document.getElementById("work").focus();
      } else draw(name, html);
    }
    serial = told.serial;
    wind();
    if (news.textContent !== told.news) news.textContent = told.news;
  }

  const rest = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  async function follow() {
    while (!leaving) {
      let wait = 0;
      try {
        const answer = await fetch("/state?after=" + version, { credentials: "same-origin" });
        if (!answer.ok) throw new Error(String(answer.status));
        const told = await answer.json();
        if (!link.hidden) {
          link.hidden = true;
          news.textContent = body.dataset.on;
        }
        show(told);
        wait = told.again;
      } catch {
        if (leaving) return;
        if (link.hidden) {
          link.textContent = body.dataset.lost;
          link.hidden = false;
          news.textContent = body.dataset.lost;
        }
        wait = 2000;
      }
      if (wait) await rest(wait);
    }
  }
  window.addEventListener("pagehide", () => (leaving = true));
  wind();
  follow();
})();
