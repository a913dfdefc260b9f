// Share a product's page with another app, and compute sums.
(() => {
  "use strict";

  const language = document.documentElement.lang;

  // Recalculate the sums as soon as a variant or quantity is chosen: they equal the basket's, or are its maximum for
  // goods sold by weight. A quantity that is not a number leaves them unchanged; one above the limit of an order counts
  // as the limit, which a note names.
  const buy = document.querySelector("#buy");
  const sumOf = (price, steps, variant) => {
    const sum = BigInt(price) * steps;
    if (!variant.grams) return sum;
    const grams = BigInt(variant.grams) * steps;
    const most = (grams * (100n + BigInt(variant.tolerance))) / 100n;
    return (2n * sum * most + grams) / (2n * grams);
  };
  // The last wholesale price that a quantity reaches, as [quantity, price].
  const tierAt = (steps, variant) => {
    const tiers = (variant.tiers ?? "").split(",").map((tier) => tier.split(":"));
    return tiers.findLast(([quantity]) => quantity && steps >= BigInt(quantity));
  };
  const money = (amount) => {
    const digits = Number(buy.dataset.digits);
    const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    const number = (Number(amount) / 10 ** digits).toLocaleString(language, format);
    return `${number}\u00a0${buy.dataset.symbol}`;
  };
  // The price per kilogram or litre of an option, or of its wholesale price that the quantity reaches.
  const measureOf = (option, tier) => {
    if (!tier) return option.dataset.measure;
    return document.querySelector(`[data-tier="${option.value}:${tier[0]}"]`)?.dataset.measure ?? "";
  };
  // The price at the top becomes that of the option, once one is chosen, or the wholesale price that is reached.
  const showPrice = (chosen, tier) => {
    const price = document.querySelector(".price-large:has([data-price-now])");
    if (!price || !(chosen.type === "radio")) return;
    const variant = chosen.dataset;
    const tierPrice = tier?.[1];
    const set = (name, text) => {
      const element = document.querySelector(`[data-price-${name}]`);
      if (!element) return;
      element.textContent = text;
      (name === "before" ? element.parentElement : element).hidden = !text;
    };
    price.dataset.follows = "";
    set("from", "");
    const before = tierPrice ? variant.price : variant.list;
    set("before", before ? money(before) : "");
    set("now", money(tierPrice ?? variant.price));
    set("unit", variant.unit);
    set("measure", measureOf(chosen, tier));
    set("pack", variant.pack);
  };
  // The chosen option costs the wholesale price that the quantity reaches; the others keep theirs.
  const showOptionPrices = (chosen, tier) => {
    for (const option of buy.querySelectorAll("[name=variant][data-tiers]")) {
      const choice = option.closest(".choice");
      const reached = option === chosen ? tier : undefined;
      const price = choice?.querySelector(".before-after .money");
      if (price) price.textContent = money(reached?.[1] ?? option.dataset.price);
      const measure = choice?.querySelector("[data-option-measure]");
      if (measure) measure.textContent = measureOf(option, reached);
    }
  };
  const isOverLimit = (variant, quantity) => {
    const note = buy.querySelector("[data-over-limit]");
    const isOver = variant.limit !== undefined && Number(quantity.value) > Number(variant.limit);
    if (variant.limit !== undefined) quantity.max = variant.limit;
    note.textContent = isOver
      ? note.dataset.overLimit.replace("{n}", variant.limit).replace("{unit}", variant.counted)
      : "";
    note.hidden = !isOver;
    return isOver;
  };
  const showSums = ({ target }) => {
    const chosen = buy.querySelector("[name=variant]:checked, [name=variant][type=hidden]");
    const quantity = buy.querySelector("[name=quantity]");
    if (!chosen) return;
    const variant = chosen.dataset;
    const isNumber = quantity && /^[1-9]\d{0,5}$/.test(quantity.value);
    const isOver = isNumber && isOverLimit(variant, quantity);
    const count = isOver ? variant.limit : quantity?.value;
    const steps = BigInt(isNumber ? count : 1);
    const tier = tierAt(steps, variant);
    if (tier || target === chosen || !chosen.defaultChecked || document.querySelector("[data-follows]"))
      showPrice(chosen, tier);
    if (!isNumber) return;
    const price = tier?.[1] ?? variant.price;
    const list = tier ? "" : variant.list;
    for (const row of document.querySelectorAll("[data-tier]"))
      row.toggleAttribute("data-reached", row.dataset.tier === `${chosen.value}:${tier?.[0]}`);
    const set = (name, text) => {
      for (const element of document.querySelectorAll(`[data-asked${name}]`)) element.textContent = text;
    };
    set("", money(sumOf(price, steps, variant)));
    set("-before", list ? money(sumOf(list, steps, variant)) : "");
    set("-estimate", money(BigInt(price) * steps));
    set("-count", count);
    set("-each", tier ? `${count} × ${money(price)}` : "");
    for (const each of document.querySelectorAll("[data-asked-each]")) each.hidden = !tier;
    showOptionPrices(chosen, tier);
    // A reached wholesale price names the quantity itself.
    for (const times of document.querySelectorAll("[data-asked-times]")) times.hidden = Boolean(tier) || steps === 1n;
    set("-pack", variant.pack);
    set("-per", variant.per ?? "");
    set("-per-before", variant.perBefore ?? "");
    const show = (name, isShown) => {
      for (const element of document.querySelectorAll(`[data-asked-${name}]`)) element.parentElement.hidden = !isShown;
    };
    show("before", list && !variant.grams);
    show("per-before", variant.perBefore);
    for (const element of document.querySelectorAll("[data-asked-most]")) element.hidden = !variant.grams;
  };
  if (buy) {
    buy.addEventListener("input", showSums);
    buy.addEventListener("change", showSums);
    window.addEventListener("pageshow", showSums); // the browser restores the chosen values
  }

  // The note about an addition covers options below it: it goes after a while, or once another choice is made.
  const hidePassedNote = () => {
    const note = document.querySelector("[data-passing]");
    if (note && !note.matches(":hover, :focus-within")) note.remove();
  };
  let passing = 0;
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "basket-bar") return;
    clearTimeout(passing);
    passing = setTimeout(hidePassedNote, 8000);
  });
  if (buy) buy.addEventListener("input", hidePassedNote);

  const share = document.querySelector("[data-share]");
  if (share && navigator.share) {
    share.hidden = false;
    share.addEventListener("click", () => {
      navigator.share({ title: share.dataset.title, url: share.dataset.share }).catch(() => {}); // cancelled
    });
  }
})();
