// A long list in which one finds by typing, with or without accents. The list itself stays, and is what is sent.
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
  // Words are found by how they begin; names with the accents as typed come first.
  const findOptions = (list, typed) => {
    const folded = ` ${fold(typed)}`,
      exact = typed.normalize("NFC").toLowerCase().trim();
    const found = [...list.options].filter(({ value, text }) => value && ` ${fold(text)}`.includes(folded));
    const isExact = ({ text }) => text.normalize("NFC").toLowerCase().includes(exact);
    return [...found.filter(isExact), ...found.filter((option) => !isExact(option))];
  };
  const partsOf = (box) => ({
    list: document.getElementById(box.dataset.finds),
    status: box.parentElement.querySelector("[role=status]"),
    matches: box.parentElement.querySelector(".option-matches"),
  });
  const show = (box) => {
    const { list, status, matches } = partsOf(box);
    const found = fold(box.value) ? findOptions(list, box.value) : [];
    matches.replaceChildren(
      ...found.slice(0, SHOWN).map(({ value, text, lang }) => {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", className: "button button-second button-pick", value, lang });
        button.textContent = text;
        return button;
      }),
    );
    status.textContent = !fold(box.value)
      ? ""
      : found.length
        ? box.dataset.found.replace("{n}", found.length)
        : box.dataset.none;
  };
  const choose = (box, value) => {
    const { list } = partsOf(box);
    box.value = "";
    show(box);
    list.value = value;
    list.focus();
    list.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const boxOf = (target) => target.closest(".option-finder")?.querySelector("[data-finds]");

  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-finds]")) show(target);
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest(".option-matches button");
    if (button) choose(boxOf(button), button.value);
  });
  document.addEventListener("keydown", (event) => {
    const box = boxOf(event.target);
    if (!box) return;
    const way = [box, ...partsOf(box).matches.children];
    if (event.key === "Enter" && event.target === box) {
      event.preventDefault();
      if (way.length > 1) choose(box, way[1].value);
    } else if (event.key === "Escape") {
      box.value = "";
      show(box);
      box.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const to = way.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
      way[(to + way.length) % way.length].focus();
    }
  });
})();
