// Find a commune by typing its new or former name, with or without accents. What is chosen goes into the lists of
// provinces and communes, whose values are sent.
(() => {
  "use strict";

  const PAUSE = 150; // milliseconds between the last letter and the request
  const provinces = () => document.getElementById("id_province");
  const communes = () => document.getElementById("id_commune");
  const finder = () => document.querySelector("[data-finds]");
  const partsOf = (box) => ({
    status: box.closest(".option-finder").querySelector("[role=status]"),
    matches: document.getElementById(box.getAttribute("aria-controls")),
  });
  const chosenName = () => {
    const [commune, province] = [communes(), provinces()].map((list) => list?.value && list.selectedOptions[0]);
    return commune && province ? `${commune.text.trim()}, ${province.text.trim()}` : "";
  };

  // The focus stays in the box, as in WAI-ARIA's combobox: the box names the option that the arrow keys have reached.
  const point = (box, option) => {
    for (const other of partsOf(box).matches.children) other.setAttribute("aria-selected", other === option);
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else box.removeAttribute("aria-activedescendant");
  };
  const close = (box) => {
    point(box, null);
    partsOf(box).matches.hidden = true;
    box.setAttribute("aria-expanded", "false");
  };
  const show = (box, html) => {
    const { status, matches } = partsOf(box);
    matches.innerHTML = html;
    const count = matches.children.length;
    point(box, null);
    matches.hidden = !count;
    box.setAttribute("aria-expanded", String(count > 0));
    if (count) matches.scrollIntoView({ block: "nearest" });
    status.textContent = count ? box.dataset.found.replace("{n}", count) : html === null ? "" : box.dataset.none;
  };
  const unmark = (box) => {
    for (const field of [box, provinces(), communes()]) field.removeAttribute("aria-invalid");
  };
  let isChoosing = false;
  const choose = (box, option) => {
    const { value, province, name, street } = option.dataset;
    const isSameProvince = provinces().value === province;
    provinces().value = province;
    let listed = [...communes().options].find((one) => one.value === value);
    if (!listed) communes().add((listed = new Option(name, value)));
    communes().value = value;
    const streetField = document.getElementById("id_street");
    if (street && streetField && !streetField.value) streetField.value = street;
    box.value = chosenName();
    unmark(box);
    close(box);
    partsOf(box).status.textContent = box.dataset.chosen.replace("{name}", box.value);
    isChoosing = true;
    (isSameProvince ? communes() : provinces()).dispatchEvent(new Event("change", { bubbles: true }));
    isChoosing = false;
  };

  // One search at a time: letters typed meanwhile replace it. Enter before its answer chooses the first match.
  let waiting = 0,
    search = null,
    choosesFirst = false;
  const isSearching = () => Boolean(waiting || search);
  const forget = () => {
    clearTimeout(waiting);
    search?.abort();
    waiting = 0;
    search = null;
    choosesFirst = false;
  };
  const ask = async () => {
    waiting = 0;
    const typed = finder().value;
    const query = new URLSearchParams({ q: typed, province: provinces().value });
    const current = (search = new AbortController());
    try {
      const response = await fetch(`${finder().dataset.finds}?${query}`, { signal: current.signal });
      if (!response.ok) throw new Error(response.statusText);
      const html = await response.text();
      if (search !== current) return;
      const box = finder(); // a response may have replaced it meanwhile
      const isFirstChosen = choosesFirst;
      forget();
      if (box.value !== typed || box !== document.activeElement) return;
      show(box, html);
      const [first] = partsOf(box).matches.children;
      if (isFirstChosen && first) choose(box, first);
    } catch {
      if (search !== current) return;
      forget();
      close(finder());
      partsOf(finder()).status.textContent = finder().dataset.failed;
    }
  };
  const open = (box) => {
    forget();
    if (!box.value.trim()) return show(box, null);
    waiting = setTimeout(ask, PAUSE);
  };

  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-finds]")) open(target);
  });
  // A choice in the lists themselves replaces what was typed into the box.
  document.addEventListener("change", ({ target }) => {
    const box = [provinces(), communes()].includes(target) && finder();
    if (!box || isChoosing) return;
    box.value = target === communes() ? chosenName() : "";
    if (box.value) unmark(box);
    partsOf(box).status.textContent = "";
  });
  // A response replaces box and lists: words that were typed, and lists that were opened, stay.
  let kept = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const box = finder();
    kept = box && {
      typed: box.value === chosenName() ? "" : box.value,
      isListOpen: document.querySelector(".division-lists").open,
      focused: document.activeElement.id,
    };
  });
  document.addEventListener("htmx:afterSwap", () => {
    const box = finder();
    if (!kept || !box || box.value) return;
    const { typed, isListOpen, focused } = kept;
    kept = null;
    const lists = document.querySelector(".division-lists");
    lists.open ||= isListOpen;
    box.value = typed || chosenName();
    if (lists.open && [provinces().id, communes().id].includes(focused))
      document.getElementById(focused).focus({ preventScroll: true });
    if (focused !== box.id) return;
    box.focus({ preventScroll: true });
    if (typed && !isSearching()) open(box);
  });
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest(".option-matches")) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const option = event.target.closest(".option-matches [role=option]");
    if (option) choose(finder(), option);
    // The list of errors links to the lists, which are folded: the box fills them.
    const link = finder() && event.target.closest("a[href='#id_province'], a[href='#id_commune']");
    if (!link || document.querySelector(".division-lists").open) return;
    event.preventDefault();
    finder().focus();
  });
  document.addEventListener("focusout", ({ target }) => {
    if (!target.matches("[data-finds]")) return;
    close(target);
    if (!isSearching()) target.value = chosenName() || target.value;
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target;
    if (!box.matches("[data-finds]") || event.isComposing) return;
    const { matches } = partsOf(box);
    const reached = matches.querySelector("[aria-selected=true]");
    if (event.key === "Enter") {
      event.preventDefault();
      if (isSearching()) choosesFirst = true;
      else if (!matches.hidden) choose(box, reached ?? matches.firstElementChild);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (matches.hidden) {
        box.value = "";
        open(box);
      } else close(box);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (matches.hidden && box.value !== chosenName()) return open(box);
      const options = [...matches.children];
      if (!options.length || matches.hidden) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      const place = reached ? options.indexOf(reached) + step : step === 1 ? 0 : -1;
      point(box, options[(place + options.length) % options.length]);
    }
  });

  window.addEventListener("pageshow", () => {
    if (finder()) finder().value ||= chosenName();
  });
})();
