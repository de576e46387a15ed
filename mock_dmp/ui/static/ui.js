/* Live list of a session: adds each exchange that the server tells. Without this script the pages work all the same.
   What comes from outside is only ever written as text (textContent), never as HTML. */
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live || !live.dataset.events || !window.EventSource) return;
  const rows = document.getElementById("rows");
  const nothing = document.getElementById("nothing");
  const state = document.getElementById("live-state");
  const news = document.getElementById("live-news");
  const pause = document.getElementById("live-pause");
  const say = live.dataset;
  const MOST = 500;
  let held = [], paused = false, fresh = 0, telling = 0, last = Number(say.after), over = false;

  function show(word, mood) {
    if (state.textContent !== word) state.textContent = word;
    live.classList.toggle("on", mood === "on");
    live.classList.toggle("lost", mood === "lost");
  }

  function row(one) {
    const line = document.getElementById("row").content.firstElementChild.cloneNode(true);
    const [when, what, outcome, code, plan, took] = line.children;
    line.dataset.seq = one.seq;
    line.className = "fresh";
    when.firstElementChild.href = say.place + "/" + encodeURIComponent(one.id);
    const time = when.querySelector("time");
    time.dateTime = one.started;
    time.textContent = one.started.slice(11).replace("Z", "");
    what.children[0].textContent = one.transaction || say.sayUnknown;
    what.children[1].textContent = one.title || one.target;
    const badge = document.querySelector('template[data-outcome="' + CSS.escape(one.outcome) + '"]');
    outcome.append(badge ? badge.content.cloneNode(true) : one.outcome);
    for (const [count, single, several] of [
      [one.warnings, say.sayWarning, say.sayWarnings],
      [one.faults, say.sayFault, say.sayFaults],
    ]) {
      if (!count) continue;
      const note = document.createElement("span");
      note.className = "note";
      note.textContent = count + " " + (count === 1 ? single : several);
      outcome.append(" ", note);
    }
    code.children[0].textContent = one.code;
    code.children[1].textContent = one.rule;
    plan.textContent = one.expected === null ? "—" : one.expected ? "✓ " + one.case : "≠ " + say.sayUnexpected;
    took.textContent = one.milliseconds + " ms";
    return line;
  }

  function tell() {
    /* One announcement for all that came within a second: a screen reader must be able to follow. */
    telling = 0;
    news.textContent = fresh + " " + (fresh === 1 ? say.sayOne : say.sayMany) + (paused ? " " + say.sayHold : "");
    if (!paused) fresh = 0;
  }

  function add(ones) {
    for (const one of ones) rows.prepend(row(one));
    while (rows.children.length > MOST) rows.lastElementChild.remove();
    nothing.hidden = rows.children.length > 0;
  }

  function on(event) {
    const one = JSON.parse(event.data);
    if (one.seq <= last) return;
    last = one.seq;
    fresh += 1;
    if (paused) {
      held.push(one);
      if (held.length > MOST) held.shift();
      show(say.sayPaused + " — " + held.length + " " + say.sayHold, "");
    } else add([one]);
    if (!telling) telling = setTimeout(tell, 1000);
  }

  function end(word) {
    over = true;
    source.close();
    show(word, "lost");
  }

  const joined = say.events.includes("?") ? "&" : "?";
  const source = new EventSource(say.events + joined + "after=" + last);
  source.addEventListener("exchange", on);
  source.addEventListener("mode", (event) => {
    live.dataset.mode = JSON.parse(event.data).live ? "live" : "slow";
    if (!paused) show(live.dataset.mode === "live" ? say.sayOn : say.saySlow, "on");
  });
  source.addEventListener("gone", () => end(say.sayGone));
  source.addEventListener("reset", () => end(say.sayReset));
  source.onerror = () => {
    if (over || paused) return;
    if (source.readyState === EventSource.CLOSED) end(say.sayGone);
    else setTimeout(() => { if (!over && source.readyState === EventSource.CONNECTING) show(say.sayLost, "lost"); }, 4000);
  };
  window.addEventListener("pagehide", () => source.close());

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? say.sayResume : say.sayPause;
    if (paused) show(say.sayPaused, "");
    else {
      add(held);
      held = [];
      fresh = 0;
      show(live.dataset.mode === "slow" ? say.saySlow : say.sayOn, "on");
    }
  });
})();
