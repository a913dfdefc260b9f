// Small comforts on top of pages that work without any script.
(() => {
  "use strict";

  // Down and up go from the search into what it suggests, and through it; Escape shuts it.
  document.addEventListener("keydown", (event) => {
    const search = event.target.closest(".search");
    const links = search ? [...search.querySelectorAll(".suggestions a")] : [];
    if (!links.length) return;
    const field = search.querySelector("input");
    if (event.key === "Escape") {
      search.querySelector(".suggestions").replaceChildren();
      field.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const way = [field, ...links];
      const to = way.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
      way[(to + way.length) % way.length].focus();
    }
  });

  // The − and + beside a quantity; without scripts the field itself is enough.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    const field = button.parentElement.querySelector("input");
    if (button.dataset.step > 0) field.stepUp();
    else field.stepDown();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // Filters and places are sent when chosen; their button is for those without scripts.
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.hasAttribute("data-send-on-change")) form.requestSubmit();
  });

  // The bar at the bottom tells what the kind that is chosen costs, and cost before.
  document.addEventListener("change", (event) => {
    const shown = event.target.name === "variant" && document.querySelector("[data-chosen-price]");
    if (!shown) return;
    const kind = event.target.closest("label");
    shown.replaceChildren(...kind.querySelector(".before-after").cloneNode(true).childNodes);
    document.querySelector("[data-chosen-per]").textContent = kind.dataset.per;
  });

  // An order is sent once, however often the button is pressed; Back makes it usable again.
  document.addEventListener("submit", (event) => {
    if (!event.target.hasAttribute("data-send-once")) return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });

  // Until when goods are kept, second by second. Counted from what the server said was left: clocks of phones
  // are wrong. Without scripts the words that it wrote stay.
  setInterval(() => {
    for (const clock of document.querySelectorAll("[data-left]")) {
      clock.dataset.end ??= Date.now() + clock.dataset.left * 1000;
      const left = Math.max(0, Math.round((clock.dataset.end - Date.now()) / 1000));
      const hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60;
      const words = hours ? clock.dataset.hours : clock.dataset.minutes;
      clock.textContent = words.replace("{h}", hours).replace("{m}", minutes).replace("{s}", left % 60);
      const bar = document.getElementById(clock.dataset.bar);
      if (bar) bar.value = left;
    }
  }, 1000);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard.writeText(button.dataset.copy).then(() => {
      const said = button.querySelector("[role=status]");
      if (said) said.textContent = button.dataset.copied;
    });
  });
})();
