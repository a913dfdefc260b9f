// The screen of a stock count, and the fields for stock that came in, was lost or moved to another warehouse.
import { useState } from "preact/hooks";
import { button, Field, MAX_QUANTITY, NumberField, readCount, readWhole, Select, SyncTag } from "member/controls";
import { html } from "member/html";
import { folded, giveCounts, giveStock, Icon, nameOf, number, PAGE_SIZE, products, settings, t } from "member/phone";

export const warehouses = () => settings.value.warehouses ?? [];
export const openWarehouses = () => warehouses().filter(({ is_open: isOpen }) => isOpen);

// Return the stocks to count, with their warehouses: as on the page, a closed warehouse only if it holds stock.
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

const implausibleFactor = Number(document.querySelector("[data-phone-app]").dataset.implausibleFactor);

// Ask whether a count is right that is far from the books, as the market's page does; "" if it is not far.
export const countQuestion = (book, counted) => {
  const [smaller, larger] = [book, counted].sort((one, other) => one - other);
  const times = smaller > 0 ? Math.floor(larger / smaller) : 0;
  if (times < implausibleFactor) return "";
  return t(counted > book ? "count_too_high" : "count_too_low", { counted: number(counted), times: number(times) });
};

export const CountQuestion = ({ id, text }) =>
  html`<p class="notice wait" role="alert" id=${id}><${Icon} name="triangle-alert" /><span>${text}</span></p>`;

export const CountStock = () => {
  const [counts, setCounts] = useState({});
  const [asked, setAsked] = useState({}); // the counts that the member was asked about
  const [chosen, setChosen] = useState(null);
  const [find, setFind] = useState("");
  const [shown, setShown] = useState(PAGE_SIZE);
  const all = countable();
  const places = warehouses().filter((place) => all.some((row) => row.place === place));
  const place = places.find(({ id }) => id === chosen) ?? places[0];
  const words = folded(find).split(/\s+/);
  const found = all.filter(
    (row) => row.place === place && words.every((word) => folded(row.product.name).includes(word)),
  );
  // The count holds for the moment when it was entered, however long the rest of the warehouse takes.
  const enter = (key, written) =>
    setCounts((before) => ({ ...before, [key]: { written, at: new Date().toISOString() } }));
  const entered = all.filter(({ key }) => counts[key]?.written.trim());
  const isWrong = entered.some(({ key }) => readCount(counts[key].written) === null);
  const questionOf = ({ key, stock }) => countQuestion(stock.on_hand, readCount(counts[key]?.written ?? ""));
  const isAsked = ({ key }) => asked[key] === counts[key]?.written;
  const save = async () => {
    const far = entered.filter((row) => questionOf(row) && !isAsked(row));
    if (far.length) {
      // Rows of another warehouse, or that a search hides, are shown to be asked about.
      setChosen(far[0].place.id);
      setFind("");
      setShown(all.length);
      return setAsked({ ...asked, ...Object.fromEntries(far.map(({ key }) => [key, counts[key].written])) });
    }
    const commands = entered.map(({ key, product, variant, stock }) => ({
      product,
      variant,
      at: counts[key].at,
      payload: { warehouse: stock.warehouse, counted: readCount(counts[key].written) },
    }));
    if (await giveCounts(commands)) setCounts({});
    return undefined;
  };
  const byProduct = new Map();
  for (const row of found.slice(0, shown)) byProduct.set(row.product, [...(byProduct.get(row.product) ?? []), row]);
  return html`
    <div class="row row-apart"><h2>${t("count_stock")}</h2><${SyncTag} /></div>
    ${
      places.length > 1 &&
      html`<ul class="scroll-row" tabindex="0" aria-label=${t("warehouse")}>
        ${places.map(({ id, name }) => html`<li key=${id}><button class="filter" type="button" aria-current=${id === place.id ? "true" : undefined} onClick=${() => setChosen(id)}>${name}</button></li>`)}
      </ul>`
    }
    ${all.length > 0 && html`<${Field} id="find" name="find_product" type="search" value=${find} onText=${setFind} />`}
    ${
      found.length
        ? html`<p class="soft">${t("enter_counts", { warehouse: place.name })}</p>`
        : html`<p class="notice">${t(all.length ? "no_such_product" : "nothing_to_count")}</p>`
    }
    <ul class="stack stack-close">
      ${[...byProduct].map(
        ([product, rows]) =>
          html`<li class="panel stack stack-close" key=${product.id}>
          <h3 class="small-head">${product.name}</h3>
          ${rows.map((row) => html`<${CountRow} key=${row.key} row=${row} written=${counts[row.key]?.written ?? ""} question=${isAsked(row) ? questionOf(row) : ""} onText=${(text) => enter(row.key, text)} />`)}
          ${product.listings.length > 0 && html`<a class="button button-plain" href=${`#listing-${product.listings[0].id}`}>${t("other_movements")}<span class="visually-hidden">: ${product.name}</span></a>`}
        </li>`,
      )}
    </ul>
    ${found.length > shown && button("plus", t("more"), () => setShown(shown + PAGE_SIZE))}
    <a class="button button-second button-wide" href="#lots"><${Icon} name="tag" /> ${t("lots")}</a>
    ${all.length > 0 && html`<div class="buy-bar">${button("check", t("save_counts"), save, { isBig: true, isOff: !entered.length || isWrong })}</div>`}
  `;
};

const CountRow = ({ row: { product, variant, stock }, written, question, onText }) => {
  const short = stock.reserved + stock.allocated - stock.on_hand;
  const isWrong = written.trim() && readCount(written) === null;
  const id = `count-${variant.id}-${stock.warehouse}`;
  return html`<div class="field count-row">
    <label for=${id}>
      <span class="visually-hidden">${t("counted")}: ${product.name}</span>
      ${variant.name && html`<span class="strong">${variant.name}</span><br />`}
      <span class="small soft">${t("in_the_books", { there: number(stock.on_hand), unit: variant.unit })}${stock.allocated > 0 && `, ${t("promised", { promised: number(stock.allocated) })}`}</span>
      ${short > 0 && html`<br /><span class="tag bad"><${Icon} name="triangle-alert" /> ${t("short", { short })}</span>`}
    </label>
    <div class="with-unit">
      <input class="input input-large" id=${id} inputmode="numeric" autocomplete="off" maxlength="9" aria-invalid=${isWrong ? "true" : undefined} aria-describedby=${isWrong ? `${id}-error` : question ? `${id}-question` : undefined} value=${written} onInput=${({ target }) => onText(target.value)} />
      <span>${variant.unit}</span>
    </div>
    ${isWrong && html`<p class="error" id=${`${id}-error`}><${Icon} name="circle-alert" /><span>${t("invalid_count")}</span></p>`}
    ${question && html`<${CountQuestion} id=${`${id}-question`} text=${question} />`}
  </div>`;
};

const Place = ({ id, name, value, onText }) =>
  html`<${Select} id=${id} name=${name} options=${openWarehouses().map((place) => [place.id, place.name])} value=${value} onText=${onText} />`;

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
    ${openWarehouses().length > 1 && html`<${Place} id=${`place-${variant.id}`} name="receiving_warehouse" value=${warehouse} onText=${setWarehouse} />`}
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
    if (await giveStock(product, variant, "write_off_stock", loss)) [setWritten, setNote].map((set) => set(""));
  };
  if (!warehouse) return null;
  return html`<details>
    <summary>${t("record_loss")}<span class="visually-hidden">: ${nameOf(variant)}</span></summary>
    <div class="stack">
      <${NumberField} id=${`lost-${variant.id}`} name="quantity_lost" unit=${variant.unit} value=${written} onText=${setWritten} />
      ${openWarehouses().length > 1 && html`<${Place} id=${`lost-in-${variant.id}`} name="from_warehouse" value=${warehouse} onText=${setWarehouse} />`}
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
      <${Place} id=${`from-${variant.id}`} name="from_warehouse" value=${warehouse} onText=${setWarehouse} />
      <${Place} id=${`to-${variant.id}`} name="to_warehouse" value=${to} onText=${setTo} />
      ${button("truck", t("transfer"), transfer, { isOff: !isQuantity(quantity) || warehouse === to })}
    </div>
  </details>`;
};
