// What this and other cooperatives sell, as far as this phone knows: details for a new product, and usual prices.
import { html } from "member/html";
import { folded, Icon, money, products, settings, t } from "member/phone";

const MAX_SUGGESTIONS = 4;
const MIN_OFFERS = 3;

// Return own products in the form of the market's goods.
const ownProducts = () =>
  products().map(({ name, type, category, shelf_life, variants: [variant] }) => ({
    name,
    type,
    category,
    shelf_life,
    unit_code: variant?.unit_code,
    content: variant?.content ?? {},
    isOwn: true,
  }));

const market = () => settings.value.market?.goods ?? [];

const named = (goods, name) => {
  const words = folded(name).split(/\s+/).filter(Boolean);
  return words.length ? goods.filter((row) => words.every((word) => folded(row.name).includes(word))) : [];
};

// Return goods with the words of the name: own ones, then those of others; each name once.
const suggestionsFor = (name) => {
  const own = settings.value.cooperative.id;
  const found = new Map();
  const others = market().filter(({ cooperative }) => cooperative !== own);
  for (const row of named([...ownProducts(), ...others], name))
    if (!found.has(folded(row.name))) found.set(folded(row.name), row);
  return [...found.values()].slice(0, MAX_SUGGESTIONS);
};

const CONTENTS = ["content_grams", "content_ml", "content_count"];

// Return how many units of `other` are worth one with this content; 0 if they cannot be compared.
const relativeValue = (unit, content, other) => {
  const column = CONTENTS.find((name) => content[name] && other.content[name]);
  if (column && (content.content_unit ?? "") === (other.content.content_unit ?? ""))
    return content[column] / other.content[column];
  const hasContent = CONTENTS.some((name) => content[name] || other.content[name]);
  return !hasContent && unit === other.unit_code ? 1 : 0;
};

// Return the usual prices of such a unit as the market's page says them; null if too few can be compared.
const usualPrices = (name, unit, content) => {
  const amounts = named(market(), name)
    .filter(({ price }) => price)
    .map((row) => Math.round(row.price * relativeValue(unit, content, row)))
    .filter(Boolean)
    .sort((one, other) => one - other);
  if (amounts.length < MIN_OFFERS) return null;
  const atShare = (share) => amounts[Math.floor((amounts.length - 1) * share)];
  return { lowest: atShare(0.1), highest: atShare(0.9), count: amounts.length };
};

export const UsualPrice = ({ name, unit, content }) => {
  const usual = usualPrices(name, unit, content);
  const { currency } = settings.value.choices;
  const sum = (amount) => money(amount, currency);
  return (
    usual &&
    html`<p class="hint">${t("usual_price", { lowest: sum(usual.lowest), highest: sum(usual.highest), count: usual.count })}</p>`
  );
};

// What a chosen suggestion fills in, beside what was entered. The type brings the tax class.
const detailsOf = ({ name, type, category, shelf_life: shelfLife, unit_code: unit, content }) => {
  const [column] = CONTENTS.filter((one) => content[one]);
  const measure = { content_grams: "g", content_ml: "ml" }[column] ?? content.content_unit;
  const { product_types: types, categories } = settings.value.choices;
  return {
    name,
    type: types.some(({ id }) => id === type) ? String(type) : "",
    category: categories.some(({ id }) => id === category) ? String(category) : "",
    shelfLife: shelfLife ?? "",
    unit: unit ?? "",
    content: column ? String(content[column]) : "",
    measure: column ? measure : "",
  };
};

export const Suggestions = ({ draft, onTaken }) => {
  const found = suggestionsFor(draft.name).filter(({ name }) => name !== draft.takenFrom);
  const take = (row) => {
    const details = Object.entries(detailsOf(row)).filter(
      ([name, value]) => value && (name === "name" || name === "measure" || !draft[name]),
    );
    onTaken({ ...Object.fromEntries(details), takenFrom: row.name });
  };
  const photoHint = settings.value.choices.product_types.find(({ id }) => String(id) === draft.type)?.photo_hint;
  return html`
    ${
      found.length > 0 &&
      html`<fieldset class="field"><legend class="small">${t("fill_in_from")}</legend>
        <ul class="stack stack-close">
          ${found.map((row) => html`<li key=${row.name}><button class="button button-second button-wide" type="button" onClick=${() => take(row)}>${row.name}${row.isOwn && html` <span class="small soft">${t("yours")}</span>`}</button></li>`)}
        </ul></fieldset>`
    }
    ${draft.takenFrom && html`<div class="notice info" role="status"><${Icon} name="camera" /><div>${t("taken_from", { name: draft.takenFrom })} ${photoHint}</div></div>`}
  `;
};
