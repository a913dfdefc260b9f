// The screen of a stock count, and the fields for stock that came in, was lost or moved to another warehouse.
import { useState } from "preact/hooks";
import { button, Field, MAX_QUANTITY, NumberField, readCount, readWhole, SyncTag } from "member/controls";
import { html } from "member/html";
import { AT_ONCE, giveCounts, giveStock, Icon, nameOf, number, products, settings, t } from "member/phone";

const warehouses = () => settings.value.warehouses ?? [];
const openWarehouses = () => warehouses().filter(({ is_open: isOpen }) => isOpen);

// Return the rows to count: as on the page, a closed warehouse only if it holds stock.
const countable = () =>
  products().flatMap((product) =>
    product.variants
      .filter(({ is_stock_tracked: isTracked }) => isTracked)
      .flatMap((variant) =>
        variant.stocks.map((stock) => ({
          key: `${variant.id}-${stock.warehouse}`,
          product,
          variant,
          stock,
          place: warehouses().find(({ id }) => id === stock.warehouse),
        })),
      )
      .filter(({ place, stock }) => place && (place.is_open || stock.on_hand !== 0)),
  );

export const CountStock = () => {
  const [counts, setCounts] = useState({});
  const [shown, setShown] = useState(AT_ONCE);
  const found = countable();
  // The count holds for the moment when it was entered, however long the rest of the warehouse takes.
  const enter = (key, written) =>
    setCounts((before) => ({ ...before, [key]: { written, at: new Date().toISOString() } }));
  const entered = found.filter(({ key }) => counts[key]?.written.trim());
  const isWrong = entered.some(({ key }) => readCount(counts[key].written) === null);
  const save = async () => {
    const commands = entered.map(({ key, product, variant, stock }) => ({
      product,
      variant,
      at: counts[key].at,
      payload: { warehouse: stock.warehouse, counted: readCount(counts[key].written) },
    }));
    if (await giveCounts(commands)) setCounts({});
  };
  return html`
    <div class="row row-apart"><h2>${t("count_stock")}</h2><${SyncTag} /></div>
    ${found.length ? html`<p>${t("enter_counts")}</p>` : html`<p class="notice">${t("nothing_to_count")}</p>`}
    <ul class="stack stack-close">
      ${found.slice(0, shown).map((row) => html`<${CountRow} key=${row.key} row=${row} written=${counts[row.key]?.written ?? ""} onText=${(text) => enter(row.key, text)} />`)}
    </ul>
    ${found.length > shown && button("plus", t("more"), () => setShown(shown + AT_ONCE))}
    ${found.length > 0 && button("check", t("save_counts"), save, { isBig: true, isOff: !entered.length || isWrong })}
  `;
};

const CountRow = ({ row: { product, variant, stock, place }, written, onText }) => {
  const [listing] = product.listings;
  const short = stock.reserved + stock.allocated - stock.on_hand;
  const title = variant.name ? `${product.name} · ${variant.name}` : product.name;
  return html`<li class="panel stack stack-close">
    <h3 class="small-head">${title}</h3>
    <p>
      ${t("stock_in_place", { place: place.name, there: stock.on_hand, unit: variant.unit })}${stock.allocated > 0 && `, ${t("promised", { promised: stock.allocated })}`}
      ${" "}${short > 0 && html`<span class="tag bad"><${Icon} name="triangle-alert" /> ${t("short", { short })}</span>`}
    </p>
    <${NumberField} id=${`count-${variant.id}-${stock.warehouse}`} name="counted" of=${`${title} ${place.name}`} unit=${variant.unit} value=${written} isWrong=${written.trim() && readCount(written) === null} onText=${onText} />
    ${listing && html`<a class="button button-plain" href=${`#listing-${listing.id}`}>${t("other_movements")}<span class="visually-hidden">: ${title}</span></a>`}
  </li>`;
};

const Places = ({ id, name, places, value, onChoose }) =>
  html`<div class="field">
  <label for=${id}>${t(name)}</label>
  <select class="input" id=${id} value=${value} onChange=${({ target }) => onChoose(target.value)}>
    ${places.map((place) => html`<option key=${place.id} value=${place.id}>${place.name}</option>`)}
  </select>
</div>`;

// The first open warehouse that stocks the variant, or else the first open one.
const usualPlace = ({ stocks }) =>
  openWarehouses().find(({ id }) => stocks.some(({ warehouse }) => warehouse === id)) ?? openWarehouses()[0];

const isQuantity = (quantity) => quantity > 0 && quantity <= MAX_QUANTITY;

export const StockFields = ({ product, variant }) => html`
  <${Receive} product=${product} variant=${variant} />
  <${Lose} product=${product} variant=${variant} />
  ${openWarehouses().length > 1 && html`<${Transfer} product=${product} variant=${variant} />`}
`;

const Receive = ({ product, variant }) => {
  const [written, setWritten] = useState("");
  const [warehouse, setWarehouse] = useState(usualPlace(variant)?.id);
  const quantity = readWhole(written);
  const receive = async () => {
    if (await giveStock(product, variant, "receive_stock", { warehouse, quantity })) setWritten("");
  };
  if (!warehouse) return null;
  return html`
    <${NumberField} id=${`received-${variant.id}`} name="quantity_received" unit=${variant.unit} value=${written} onText=${setWritten} />
    ${openWarehouses().length > 1 && html`<${Places} id=${`place-${variant.id}`} name="receiving_warehouse" places=${openWarehouses()} value=${warehouse} onChoose=${setWarehouse} />`}
    ${button("plus", t("receive"), receive, { isOff: !isQuantity(quantity) })}
  `;
};

const Lose = ({ product, variant }) => {
  const [written, setWritten] = useState(""),
    [note, setNote] = useState("");
  const [warehouse, setWarehouse] = useState(usualPlace(variant)?.id);
  const quantity = readWhole(written);
  const lose = async () => {
    const loss = { warehouse, quantity, note: note.trim() };
    if (await giveStock(product, variant, "lose_stock", loss)) [setWritten, setNote].map((set) => set(""));
  };
  if (!warehouse) return null;
  return html`<details>
    <summary>${t("record_loss")}<span class="visually-hidden">: ${nameOf(variant)}</span></summary>
    <div class="stack">
      <${NumberField} id=${`lost-${variant.id}`} name="quantity_lost" unit=${variant.unit} value=${written} onText=${setWritten} />
      ${openWarehouses().length > 1 && html`<${Places} id=${`lost-in-${variant.id}`} name="from_warehouse" places=${openWarehouses()} value=${warehouse} onChoose=${setWarehouse} />`}
      <${Field} id=${`lost-why-${variant.id}`} name="reason" value=${note} maxlength="250" onText=${setNote} />
      ${button("circle-x", t("record_loss"), lose, { isOff: !isQuantity(quantity) })}
    </div>
  </details>`;
};

const Transfer = ({ product, variant }) => {
  const usual = usualPlace(variant).id;
  const [written, setWritten] = useState("");
  const [warehouse, setWarehouse] = useState(usual);
  const [to, setTo] = useState(openWarehouses().find(({ id }) => id !== usual).id);
  const quantity = readWhole(written);
  const transfer = async () => {
    if (await giveStock(product, variant, "transfer_stock", { warehouse, to, quantity })) setWritten("");
  };
  return html`<details>
    <summary>${t("transfer")}<span class="visually-hidden">: ${nameOf(variant)}</span></summary>
    <div class="stack">
      <${NumberField} id=${`moved-${variant.id}`} name="quantity_moved" unit=${variant.unit} value=${written} onText=${setWritten} />
      <${Places} id=${`from-${variant.id}`} name="from_warehouse" places=${openWarehouses()} value=${warehouse} onChoose=${setWarehouse} />
      <${Places} id=${`to-${variant.id}`} name="to_warehouse" places=${openWarehouses()} value=${to} onChoose=${setTo} />
      ${button("truck", t("transfer"), transfer, { isOff: !isQuantity(quantity) || warehouse === to })}
    </div>
  </details>`;
};
