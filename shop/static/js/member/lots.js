// The screens of lots: the list by expiry, one lot with its stock, and a new lot.
import { useState } from "preact/hooks";
import {
  button,
  Field,
  Loaded,
  MAX_QUANTITY,
  NumberField,
  readCount,
  readWhole,
  Select,
  SyncTag,
} from "member/controls";
import { html } from "member/html";
import { daysUntil, giveStock, Icon, longDay, nameOf, number, products, settings, t } from "member/phone";
import { CountQuestion, countQuestion, openWarehouses, warehouses } from "member/stock";

const options = (places) => places.map(({ id, name }) => [id, name]);

const fullName = (product, variant) => [product.name, variant.name].filter(Boolean).join(" ");

// Return the lots in stock, first expired first; those without a day last. A product's own order breaks ties.
const lots = () =>
  products()
    .flatMap((product) =>
      product.variants.flatMap((variant) => (variant.lots ?? []).map((lot) => ({ product, variant, lot }))),
    )
    .sort(({ lot: one }, { lot: other }) => (one.expires_on ?? "9").localeCompare(other.expires_on ?? "9"));

const Expiry = ({ lot: { expires_on: day, near_expiry_from: nearFrom, is_recalled: isRecalled } }) => {
  const days = daysUntil(day);
  const [tone, icon, text] = isRecalled
    ? ["bad", "circle-x", "recalled"]
    : days === null
      ? ["", "clock", "no_use_by"]
      : days < 0
        ? ["bad", "circle-x", "past_use_by"]
        : daysUntil(nearFrom) > 0
          ? ["good", "check", "days_left"]
          : ["wait", "clock", days ? "use_soon" : "use_today"];
  return html`<span class="tag ${tone}"><${Icon} name=${icon} /> ${t(text, { days: Math.abs(days) })}</span>`;
};

const Facts = ({ lot }) => {
  const facts = [
    ["household", lot.household],
    ["harvested_on", lot.harvested_on && longDay(lot.harvested_on)],
    ["use_by", lot.expires_on && longDay(lot.expires_on)],
  ].filter(([, fact]) => fact);
  return html`<dl class="spec">
    ${facts.map(([name, fact]) => html`<div key=${name}><dt>${t(name)}</dt><dd>${fact}</dd></div>`)}
  </dl>`;
};

const left = ({ lot, variant }) =>
  t("left", { free: number(lot.balances.reduce((sum, row) => sum + row.on_hand, 0)), unit: variant.unit });

// A lot that was received here has no code until the market has given it one.
const title = ({ lot }) => lot.code || t("code_follows");

const LotRow = ({ row }) => {
  const { lot, product, variant } = row;
  const name = html`${fullName(product, variant)}<br /><span class="code keep">${title(row)}</span>`;
  return html`<li class="panel stack stack-close">
    <div class="row row-apart"><h3 class="small-head">${lot.id ? html`<a href=${`#lot-${lot.id}`}>${name}</a>` : name}</h3><${Expiry} lot=${lot} /></div>
    <p class="strong">${left(row)}</p>
    <${Facts} lot=${lot} />
  </li>`;
};

const loadScanner = async () => (await import("member/scan_button")).Scanner;

// Finds a lot by its code: entered, or scanned from a label, whose address ends with it.
const FindLot = () => {
  const [code, setCode] = useState(""),
    [isMissing, setMissing] = useState(false);
  const find = (text) => {
    const wanted = text.trim().split("/").filter(Boolean).at(-1)?.toUpperCase();
    const row = lots().find(({ lot }) => lot.code?.toUpperCase() === wanted);
    if (row) location.hash = `#lot-${row.lot.id}`;
    setMissing(!row);
  };
  return html`<${Field} id="lot-code" name="lot_code" value=${code} autocapitalize="characters" maxlength="40" onText=${setCode} />
    ${code.trim() && button("search", t("find_lot"), () => find(code))}
    <${Loaded} load=${loadScanner} onText=${find} />
    ${isMissing && html`<p class="notice wait" role="status"><${Icon} name="circle-alert" /><span>${t("no_such_lot")}</span></p>`}`;
};

export const Lots = () => html`
  <div class="row row-apart"><h2>${t("lots")}</h2><${SyncTag} /></div>
  ${lots().length > 0 && html`<${FindLot} />`}
  ${openWarehouses().length > 0 && html`<a class="button big-action" href="#newlot"><${Icon} name="plus" /> ${t("new_lot")}</a>`}
  ${lots().length ? html`<p class="soft">${t("first_expired")}</p>` : html`<p class="notice">${t("no_lots")}</p>`}
  <ol class="stack stack-close">
    ${lots().map((row) => html`<${LotRow} key=${row.lot.id ?? row.lot.key} row=${row} />`)}
  </ol>
`;

const loadPhotos = async () => (await import("member/edit_product")).LotPhotos;

export const Lot = ({ id }) => {
  const row = lots().find(({ lot }) => lot.id === id);
  const [note, setNote] = useState("");
  if (!row) return html`<p class="notice"><${Icon} name="circle-alert" /><span>${t("lot_gone")}</span></p>`;
  const { product, variant, lot } = row;
  const save = async () => {
    const stage = { lot: id, title: note.trim() };
    if (await giveStock(product, variant, "add_lot_stage", stage, [`lot-${id}`])) setNote("");
  };
  return html`
    <div class="row row-apart"><h2>${fullName(product, variant)}</h2><${SyncTag} /></div>
    <section class="panel stack stack-close">
      <p class="code strong">${title(row)}</p>
      <p><${Expiry} lot=${lot} /></p>
      <${Facts} lot=${lot} />
    </section>
    ${lot.balances.map((balance) => html`<${Balance} key=${balance.warehouse} row=${row} balance=${balance} />`)}
    <section class="panel stack">
      <${Field} id="stage" name="what_was_done" hint=${t("stage_hint")} value=${note} maxlength="120" onText=${setNote} />
      ${button("check", t("save_stage"), save, { isOff: !note.trim() })}
    </section>
    <${Loaded} load=${loadPhotos} product=${product} variant=${variant} lot=${lot} />
  `;
};

const KINDS = { loss: "write_off_stock", count: "count_lot", transfer: "transfer_stock" };

// What a member records about a lot in one warehouse.
const Balance = ({ row: { product, variant, lot }, balance: { warehouse, on_hand: onHand } }) => {
  const others = openWarehouses().filter(({ id }) => id !== warehouse);
  const [kind, setKind] = useState("loss"),
    [written, setWritten] = useState(""),
    [to, setTo] = useState(others[0]?.id);
  const [asked, setAsked] = useState(null);
  const count = readCount(written);
  const question = kind === "count" && count !== null && countQuestion(onHand, count);
  const save = async () => {
    if (question && asked !== count) return setAsked(count);
    const payload = { lot: lot.id, warehouse, ...(kind === "count" ? { counted: count } : { quantity: count }) };
    if (kind === "transfer") payload.to = to;
    if (await giveStock(product, variant, KINDS[kind], payload)) setWritten("");
    return undefined;
  };
  const id = `${lot.id}-${warehouse}`;
  const kinds = Object.keys(KINDS).filter((name) => name !== "transfer" || others.length);
  return html`<section class="panel stack stack-close">
    <h3 class="small-head">${warehouses().find((place) => place.id === warehouse)?.name}</h3>
    <p class="strong">${t("left", { free: number(onHand), unit: variant.unit })}</p>
    <details>
      <summary>${t("record_lot")}</summary>
      <div class="stack">
        <${Select} id=${`kind-${id}`} name="what_happened" options=${kinds.map((name) => [name, t(`lot_${name}`)])} value=${kind} onText=${setKind} />
        <${NumberField} id=${`lot-${id}`} name="quantity" unit=${variant.unit} value=${written} onText=${setWritten} />
        ${kind === "transfer" && html`<${Select} id=${`to-${id}`} name="to_warehouse" options=${options(others)} value=${to} onText=${setTo} />`}
        ${question && asked === count && html`<${CountQuestion} id=${`ask-${id}`} text=${question} />`}
        ${button("check", t("record"), save, { isOff: count === null || (!count && kind !== "count") })}
      </div>
    </details>
  </section>`;
};

const DAYS = ["harvested_on", "expires_on"];

export const NewLot = () => {
  const stocked = products().flatMap((product) =>
    product.variants.filter(({ is_stock_tracked: isTracked }) => isTracked).map((variant) => ({ product, variant })),
  );
  const [values, setValues] = useState({ warehouse: openWarehouses()[0]?.id, quantity: "" });
  const field = (name) => ({
    value: values[name] ?? "",
    onText: (value) => setValues((before) => ({ ...before, [name]: value })),
  });
  const chosen = stocked.find(({ variant }) => String(variant.id) === values.variant);
  const quantity = readWhole(values.quantity);
  const save = async () => {
    const { product, variant } = chosen;
    const payload = { warehouse: values.warehouse, quantity };
    for (const name of DAYS) if (values[name]) payload[name] = values[name];
    for (const name of ["household", "certificate"]) if (values[name]) payload[name] = Number(values[name]);
    if (await giveStock(product, variant, "receive_lot", payload)) location.hash = "#lots";
  };
  const names = stocked.map(({ product, variant }) => [
    variant.id,
    `${product.name}${variant.name && `, ${nameOf(variant)}`}`,
  ]);
  const households = options(settings.value.households ?? []);
  const certificates = options(settings.value.certificates ?? []);
  return html`
    <div class="row row-apart"><h2>${t("new_lot")}</h2><${SyncTag} /></div>
    <${Select} id="lot-variant" name="product" options=${[["", t("choose_product")], ...names]} ...${field("variant")} />
    <${NumberField} id="lot-quantity" name="quantity_received" unit=${chosen?.variant.unit ?? ""} ...${field("quantity")} />
    ${openWarehouses().length > 1 && html`<${Select} id="lot-warehouse" name="receiving_warehouse" options=${options(openWarehouses())} ...${field("warehouse")} />`}
    <${Field} id="lot-harvested" name="harvested_on" type="date" ...${field("harvested_on")} />
    <${Field} id="lot-expires" name="use_by" type="date" ...${field("expires_on")} />
    ${households.length > 0 && html`<${Select} id="lot-household" name="household" options=${[["", "–"], ...households]} ...${field("household")} />`}
    ${certificates.length > 0 && html`<${Select} id="lot-certificate" name="certificate" options=${[["", "–"], ...certificates]} ...${field("certificate")} />`}
    <p class="hint">${t("lot_hint")}</p>
    ${button("plus", t("record_new_lot"), save, { isBig: true, isOff: !chosen || !quantity || quantity > MAX_QUANTITY })}
  `;
};
