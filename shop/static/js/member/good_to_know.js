// On Today: goods that are nearly sold out, and lots that are near their use-by date.
import { html } from "member/html";
import { daysUntil, Icon, may, number, products, t } from "member/phone";
import { listings, stockOf } from "member/products";

const SHOWN = 5;

const shortest = () =>
  listings()
    .filter(({ state }) => state === "published")
    .flatMap(({ id, product, channel }) =>
      product.variants
        .filter(({ is_stock_tracked: isTracked }) => isTracked)
        .map((variant) => ({ id, product, variant, free: stockOf(variant, channel).free })),
    )
    .filter(({ free, variant }) => free <= variant.low_stock_at)
    .sort((one, other) => one.free - other.free);

const isNear = ({ near_expiry_from: from }) => Boolean(from) && daysUntil(from) <= 0;

const expiring = () =>
  products().flatMap((product) =>
    product.variants.flatMap((variant) =>
      (variant.lots ?? []).filter(
        (lot) => !lot.is_recalled && isNear(lot) && lot.balances.some(({ on_hand: onHand }) => onHand > 0),
      ),
    ),
  );

const textOf = ({ product, variant, free }) => {
  const goods = [product.name, variant.name].filter(Boolean).join(" ");
  const key = free < 0 ? "goods_short" : free === 0 ? "goods_sold_out" : "goods_left";
  return t(key, { goods, count: number(Math.abs(free)), unit: variant.unit });
};

export const GoodToKnow = () => {
  const low = shortest().slice(0, SHOWN);
  const lots = may("count") ? expiring() : [];
  if (!low.length && !lots.length) return null;
  return html`<section class="stack">
    <h2>${t("good_to_know")}</h2>
    <ul class="stack stack-close">
      ${low.map((row) => html`<li class="notice ${row.free < 0 ? "bad" : "wait"}" key=${row.variant.id}><${Icon} name="triangle-alert" /><div><b>${textOf(row)}</b> <a href=${`#listing-${row.id}`}>${t("see_product")}</a></div></li>`)}
      ${lots.length > 0 && html`<li class="notice wait"><${Icon} name="clock" /><div><b>${t("lots_near_expiry", { count: lots.length })}</b> <a href="#lots">${t("lots")}</a></div></li>`}
    </ul>
  </section>`;
};
