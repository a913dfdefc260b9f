// The screens of products: the list, and one listing with its state, prices and stock.
import { useState } from "preact/hooks";
import { button, Loaded, NumberField, readWhole, SyncTag, Thumbnail, UnsentTag } from "member/controls";
import { html } from "member/html";
import {
  giveListing,
  Icon,
  may,
  money,
  nameOf,
  number,
  PAGE_SIZE,
  products,
  refused,
  settings,
  t,
  unusualFactor,
  waiting,
} from "member/phone";

// Tabs of the list, in the order of the members' page.
const TABS = {
  on_sale: ({ state, isAvailable }) => state === "published" && isAvailable,
  sold_out: ({ state, isAvailable }) => state === "published" && !isAvailable,
  in_review: ({ state }) => state === "in_review",
  draft: ({ state }) => state === "draft",
  paused: ({ state }) => state === "paused",
  withdrawn: ({ state }) => state === "withdrawn",
};

export const listings = () =>
  products().flatMap((product) =>
    product.listings.map((listing) => ({
      ...listing,
      product,
      isAvailable: product.variants.some((variant) => canBeBought(variant, listing.channel)),
    })),
  );

const priceOf = (variant, channel) => variant.prices.find((price) => price.channel === channel)?.amount ?? null;

const canBeBought = (variant, channel) =>
  priceOf(variant, channel) !== null && (!variant.is_stock_tracked || stockOf(variant, channel).free > 0);

// Return a variant's stock as the listing's page states it: in warehouses that sell in the channel, and elsewhere.
export const stockOf = (variant, channel) => {
  const selling = new Set(
    (settings.value.warehouses ?? []).filter(({ channels }) => channels.includes(channel)).map(({ id }) => id),
  );
  const stock = { free: 0, there: 0, elsewhere: 0 };
  for (const { warehouse, on_hand: onHand, reserved, allocated, recalled = 0 } of variant.stocks) {
    if (!selling.has(warehouse)) stock.elsewhere += onHand;
    else {
      stock.there += onHand;
      stock.free += onHand - reserved - allocated - recalled;
    }
  }
  return stock;
};

const STATES = {
  in_review: ["info", "clock", "under_review"],
  paused: ["wait", "clock", "paused"],
  withdrawn: ["", "circle-x", "withdrawn"],
};

// As in templates/members/listing_state.html: the list counts four or more options and names only those running out.
const NAMED_OPTIONS = 3;

const ListingState = ({ listing, isShort }) => {
  const { product, channel, state, reason } = listing;
  const tag = (tone, icon, text) => html`<span class="tag ${tone}"><${Icon} name=${icon} /> ${text}</span> `;
  if (state === "draft") return tag("wait", "pencil", t(reason ? "needs_changes" : "draft"));
  if (state !== "published") {
    const [tone, icon, text] = STATES[state];
    return tag(tone, icon, t(text));
  }
  if (!listing.isAvailable) return tag("bad", "circle-x", t("sold_out_hidden"));
  const tracked = product.variants.filter(({ is_stock_tracked: isTracked }) => isTracked);
  if (!tracked.length) return tag("good", "check", t("on_sale"));
  const isCounted = isShort && tracked.length > NAMED_OPTIONS;
  const tags = tracked.map((variant) => {
    const { free } = stockOf(variant, channel);
    const isLow = free <= variant.low_stock_at;
    if (isCounted && !isLow) return null;
    const left = free < 1 ? "sold_out" : isLow ? "almost_sold_out" : "left";
    const which = tracked.length > 1 ? `${nameOf(variant)}: ` : "";
    const words = t(left, { free: number(free), unit: variant.unit });
    return tag(isLow ? "wait" : "good", isLow ? "triangle-alert" : "check", which + words);
  });
  return isCounted ? [tag("good", "check", t("options_on_sale", { count: tracked.length })), ...tags] : tags;
};

const ProductRow = ({ listing }) => {
  const { product, channel, currency } = listing;
  const prices = product.variants.map((variant) => priceOf(variant, channel)).filter((amount) => amount !== null);
  return html`<li class="pick-row ${product.picture ? "" : "without-picture"}">
    ${product.picture && html`<${Thumbnail} address=${product.picture} />`}
    <div>
      <h2>${product.name}</h2>
      <p>
        ${
          prices.length
            ? html`<span class="money">${money(Math.min(...prices), currency)}</span> <span class="soft">/ ${product.variants[0].step}</span>`
            : html`<span class="soft">${t("no_price")}</span>`
        }
      </p>
      <${ListingState} listing=${listing} isShort />
      <${UnsentTag} subject="product" id=${product.id} />
    </div>
    <div class="wide">
      <a class="button button-second button-wide" href=${`#listing-${listing.id}`}><${Icon} name="pencil" /> ${t("edit")}<span class="visually-hidden">: ${product.name}</span></a>
    </div>
  </li>`;
};

const created = () => [...waiting(), ...refused()].filter(({ name }) => name === "create_listing");

const CreatedRow = ({ command: { subject, payload, state } }) =>
  html`<li class="pick-row without-picture">
  <div>
    <h2>${subject.name}</h2>
    <p><span class="money">${money(payload.price, subject.currency)}</span></p>
    ${
      state === "refused"
        ? html`<a class="button button-second button-wide" href="#unsent"><${Icon} name="circle-alert" /> ${t("state_refused")}<span class="visually-hidden">: ${subject.name}</span></a>`
        : html`<span class="tag sync wait"><${Icon} name="cloud-off" /> ${t("waits_for_network")}</span>`
    }
  </div>
</li>`;

export const Products = () => {
  const [tab, setTab] = useState("");
  const [shown, setShown] = useState(PAGE_SIZE);
  const all = listings();
  const isIn = TABS[tab] ?? ((listing) => !TABS.withdrawn(listing));
  const found = all.filter(isIn);
  const filter = (name, text, count) => {
    const choose = () => {
      setTab(name);
      setShown(PAGE_SIZE);
    };
    return html`<li key=${name}>
      <button class="filter" type="button" aria-current=${name === tab ? "true" : undefined} onClick=${choose}>${text} ${count}</button>
    </li>`;
  };
  const counts = Object.entries(TABS).map(([name, belongs]) => [name, all.filter(belongs).length]);
  return html`
    <div class="row row-apart"><h2>${t("products")}</h2><${SyncTag} /></div>
    ${may("list") && html`<a class="button big-action" href="#new"><${Icon} name="camera" /> ${t("photograph_new")}</a>`}
    <ul class="scroll-row" tabindex="0" aria-label=${t("filter")}>
      ${filter("", t("all_products"), all.filter((listing) => !TABS.withdrawn(listing)).length)}
      ${counts.filter(([, count]) => count).map(([name, count]) => filter(name, t(`tab_${name}`), count))}
    </ul>
    <ul class="stack stack-close">
      ${created().map((command) => html`<${CreatedRow} key=${command.key} command=${command} />`)}
      ${found.slice(0, shown).map((listing) => html`<${ProductRow} key=${listing.id} listing=${listing} />`)}
    </ul>
    ${!found.length && !created().length && html`<p class="notice">${t("no_products")}</p>`}
    ${found.length > shown && button("plus", t("more"), () => setShown(shown + PAGE_SIZE))}
    ${may("count") && html`<a class="button button-second button-wide" href="#stock"><${Icon} name="scan-line" /> ${t("count_stock")}</a>`}
  `;
};

const loadStockFields = async () => (await import("member/stock")).StockFields;
const loadEditing = async () => (await import("member/edit_product")).PhotosAndSeason;

export const Listing = ({ id }) => {
  const listing = listings().find((row) => row.id === id);
  if (!listing) return html`<p class="notice"><${Icon} name="circle-alert" /><span>${t("product_gone")}</span></p>`;
  const { product, state, reason } = listing;
  const move = (name) => giveListing(listing, name, { listing: id });
  return html`
    <div class="row row-apart"><h2>${product.name}</h2><${SyncTag} /></div>
    <p><${ListingState} listing=${listing} /> <${UnsentTag} subject="product" id=${product.id} /></p>
    ${product.season && html`<p class="soft">${t("season", { months: product.season })}</p>`}
    ${reason && html`<div class="notice bad"><${Icon} name="triangle-alert" /><div><b>${t("market_message")}</b> ${reason}</div></div>`}
    <section class="stack">
      <h3>${t("price_and_stock")}</h3>
      ${product.variants.map((variant) => html`<${VariantPanel} key=${variant.id} listing=${listing} variant=${variant} />`)}
    </section>
    ${may("list") && html`<${Loaded} load=${loadEditing} listing=${listing} />`}
    ${may("list") && state === "published" && button("clock", t("pause"), () => move("pause_listing"))}
    ${may("list") && state === "paused" && button("check", t("resume"), () => move("resume_listing"), { isBig: true })}
  `;
};

const VariantPanel = ({ listing, variant }) => {
  const { channel, currency } = listing;
  const amount = priceOf(variant, channel);
  const { there, free, elsewhere } = stockOf(variant, channel);
  return html`<div class="panel stack">
    <h4>${nameOf(variant)}</h4>
    <p>
      ${
        amount === null
          ? html`<span class="soft">${t("no_price")}</span>`
          : html`<span class="money">${money(amount, currency)}</span> <span class="soft">/ ${variant.step}</span>`
      }
      ${variant.is_stock_tracked && html`<br />${t("in_warehouse", { there: number(there), free: number(free), unit: variant.unit })}`}
      ${variant.is_stock_tracked && elsewhere > 0 && html`<br /><span class="soft">${t("elsewhere", { count: number(elsewhere), unit: variant.unit })}</span>`}
    </p>
    ${may("list") && html`<${EditPrice} key=${amount} listing=${listing} variant=${variant} amount=${amount} />`}
    ${may("count") && variant.is_stock_tracked && html`<${Loaded} load=${loadStockFields} product=${listing.product} variant=${variant} />`}
  </div>`;
};

// A price that is unusually far from the one before is asked about, in the words of the page with a network.
const EditPrice = ({ listing, variant, amount }) => {
  const [written, setWritten] = useState(amount === null ? "" : number(amount));
  const [asked, setAsked] = useState(null);
  const wanted = readWhole(written);
  const isFar = amount !== null && (wanted * unusualFactor <= amount || wanted >= amount * unusualFactor);
  const save = () => {
    if (isFar && asked !== wanted) return setAsked(wanted);
    setAsked(null);
    const confirmed = isFar ? { confirmed: `${amount}-${wanted}` } : {};
    const payload = { listing: listing.id, variant: variant.id, amount: wanted, seen: amount, ...confirmed };
    return giveListing(listing, "change_price", payload, [`price-${listing.id}-${variant.id}`]);
  };
  const isAsking = asked !== null && asked === wanted;
  const before = money(amount ?? 0, listing.currency),
    after = money(wanted, listing.currency);
  return html`<details>
    <summary>${t("edit_price")}<span class="visually-hidden">: ${nameOf(variant)}</span></summary>
    <div class="stack">
      <${NumberField} id=${`price-${listing.id}-${variant.id}`} name="price" unit="₫" value=${written} onText=${setWritten} />
      ${isAsking && html`<div class="notice wait" role="alert"><${Icon} name="triangle-alert" /><div><b>${t("is_this_right")}</b> ${t("unusual_price", { before, after })}</div></div>`}
      ${button("check", t(isAsking ? "save_as_entered" : "save_changes"), save, { isOff: !wanted || wanted === amount })}
    </div>
  </details>`;
};
