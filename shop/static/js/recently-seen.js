// Products seen lately, newest first: this device stores their ids, and the server shows those that are still listed.
(() => {
  "use strict";

  const KEY = "recently-seen",
    MOST_KEPT = 9;
  const place = document.querySelector("[data-recently-seen]");
  const current = Number(place.dataset.product) || 0;
  let others = [];
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) || "[]");
    others = kept.filter((id) => Number.isInteger(id) && id !== current);
    if (current) localStorage.setItem(KEY, JSON.stringify([current, ...others].slice(0, MOST_KEPT)));
  } catch {
    return; // without storage, or with something else in it, nothing is shown
  }
  if (!others.length) return;
  window.addEventListener("load", async () => {
    const address = `${place.dataset.recentlySeen}?sp=${others.slice(0, MOST_KEPT - 1)}`;
    const answer = await fetch(address).catch(() => null);
    if (!answer || answer.status !== 200) return;
    place.innerHTML = await answer.text();
    place.hidden = false;
  });
})();
