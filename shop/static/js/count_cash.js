// The count of a till's cash: the sum of each note, the total, and how it differs from the records.
(() => {
  "use strict";
  const form = document.querySelector("[data-count-cash]");
  if (!form) return;
  const { countCash, currency, digits } = form.dataset;
  const language = document.documentElement.lang;
  const money = (amount) =>
    new Intl.NumberFormat(language, { style: "currency", currency }).format(amount / 10 ** Number(digits));
  const difference = form.querySelector("[data-difference]");
  const heading = difference.querySelector("h2");

  const countOf = (input) => Number(input.value.replace(/\D/g, ""));

  form.addEventListener("input", ({ target }) => {
    if (!target.matches("[data-note]")) return;
    let total = 0;
    for (const input of form.querySelectorAll("[data-note]")) {
      const sum = countOf(input) * Number(input.dataset.note);
      input.parentElement.querySelector("output").textContent = sum ? money(sum) : "";
      total += sum;
    }
    form.querySelector("[data-counted] .amount").textContent = money(total);
    const rest = total - Number(countCash);
    difference.hidden = rest === 0;
    heading.textContent = (rest < 0 ? heading.dataset.short : heading.dataset.over).replace("0", money(Math.abs(rest)));
  });
})();
