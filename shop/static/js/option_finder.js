// Find an option of a long list by typing, with or without accents. The list itself stays, and its value is sent.
(() => {
  "use strict";

  const SHOWN = 8;
  const fold = (text) =>
    text
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .replace(/[đĐ]/g, "d")
      .toLowerCase()
      .trim()
      .replace(/\s+/g, " ");
  // Typed letters match the beginnings of words; names with the accents as typed come first.
  const findOptions = (list, typed) => {
    const folded = ` ${fold(typed)}`,
      exact = typed.normalize("NFC").toLowerCase().trim();
    const found = [...list.options].filter(({ value, text }) => value && ` ${fold(text)}`.includes(folded));
    const isExact = ({ text }) => text.normalize("NFC").toLowerCase().includes(exact);
    return [...found.filter(isExact), ...found.filter((option) => !isExact(option))];
  };
  const partsOf = (box) => ({
    list: document.getElementById(box.dataset.finds),
    status: box.closest(".option-finder").querySelector("[role=status]"),
    matches: document.getElementById(box.getAttribute("aria-controls")),
  });
  const boxOf = (target) => target.closest(".option-finder")?.querySelector("[data-finds]");
  const boxFor = (list) => document.querySelector(`[data-finds="${CSS.escape(list.id)}"]`);

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
  const open = (box) => {
    const { list, status, matches } = partsOf(box);
    const typed = fold(box.value);
    const found = typed ? findOptions(list, box.value) : [];
    matches.replaceChildren(
      ...found.slice(0, SHOWN).map(({ value, text, lang }, place) => {
        const option = document.createElement("li");
        Object.assign(option, { id: `${matches.id}-${place}`, lang, textContent: text });
        option.setAttribute("role", "option");
        option.dataset.value = value;
        return option;
      }),
    );
    point(box, null);
    matches.hidden = !found.length;
    box.setAttribute("aria-expanded", String(found.length > 0));
    status.textContent = !typed ? "" : found.length ? box.dataset.found.replace("{n}", found.length) : box.dataset.none;
  };
  const choose = (box, option) => {
    const { list, status } = partsOf(box);
    box.value = option.textContent;
    close(box);
    list.value = option.dataset.value;
    list.dispatchEvent(new Event("change", { bubbles: true }));
    status.textContent = box.dataset.chosen.replace("{name}", option.textContent);
  };

  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-finds]")) open(target);
  });
  // A choice in the list itself replaces what was typed into the box.
  document.addEventListener("change", ({ target, isTrusted }) => {
    const box = isTrusted && target.matches("select[id]") && boxFor(target);
    if (!box) return;
    box.value = "";
    open(box);
  });
  // A response replaces list and box while somebody types: the words stay, and find in the new list.
  let unfinished = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const box = document.querySelector("[data-finds]");
    const { list, status } = box ? partsOf(box) : {};
    const isChosen = box && list.selectedOptions[0]?.text.trim() === box.value.trim();
    unfinished =
      box?.value && !isChosen && status ? { words: box.value, isFocused: box === document.activeElement } : null;
  });
  document.addEventListener("htmx:afterSwap", () => {
    const box = unfinished && document.querySelector("[data-finds]");
    if (!box || box.value) return;
    box.value = unfinished.words;
    if (!unfinished.isFocused) return;
    box.focus({ preventScroll: true });
    open(box);
  });
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest(".option-matches")) event.preventDefault();
  });
  document.addEventListener("click", ({ target }) => {
    const option = target.closest(".option-matches [role=option]");
    if (option) choose(boxOf(option), option);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (target.matches("[data-finds]")) close(target);
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target;
    if (!box.matches("[data-finds]") || event.isComposing) return;
    const { matches } = partsOf(box);
    const reached = matches.querySelector("[aria-selected=true]");
    if (event.key === "Enter") {
      event.preventDefault();
      if (!matches.hidden) choose(box, reached ?? matches.firstElementChild);
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (matches.hidden) {
        box.value = "";
        open(box);
      } else close(box);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (matches.hidden) open(box);
      const options = [...matches.children];
      if (!options.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      const place = reached && !matches.hidden ? options.indexOf(reached) + step : step === 1 ? 0 : -1;
      point(box, options[(place + options.length) % options.length]);
    }
  });
})();
