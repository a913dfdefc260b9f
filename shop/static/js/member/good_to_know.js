// On Today: goods that are nearly sold out, lots that are near their use-by date, the next day of
// pickups, and complaints to answer.
import { html } from "member/html";
import { parts } from "member/parts";
import { daysUntil, Icon, may, number, products, settings, shortDay, t, weekdayAndDay } from "member/phone";
import { listings, stockOf } from "member/products";

const SHOWN = 5;
const { phoneStart } = document.querySelector("[data-sync-url]").dataset;

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

const ARRIVED = ["delivered", "partly_returned", "returned"];

// Return the first day from today on with pickups, and their number; null without one.
const nextPickups = () => {
  const days = parts()
    .filter(({ state, progress }) => ["new", "accepted"].includes(state) && !ARRIVED.includes(progress))
    .map(({ delivery }) => delivery.pickup_day)
    .filter((day) => day && daysUntil(day) >= 0)
    .sort();
  return days.length ? { day: days[0], count: days.filter((day) => day === days[0]).length } : null;
};

export const GoodToKnow = () => {
  const low = shortest().slice(0, SHOWN);
  const lots = may("count") ? expiring() : [];
  const pickups = may("pack") ? nextPickups() : null;
  const { complaints = [] } = settings.value;
  if (!low.length && !lots.length && !pickups && !complaints.length) return null;
  return html`<section class="stack">
    <h2>${t("good_to_know")}</h2>
    <ul class="stack stack-close">
      ${complaints.map(({ id, order, due_by: until }) => html`<li class="notice wait" key=${id}><${Icon} name="message-circle" /><div><b>${t("complaint_about", { code: order, day: shortDay(until) })}</b> <a href=${`${phoneStart}phan-anh/${id}/`}>${t("answer_complaint")}</a></div></li>`)}
      ${low.map((row) => html`<li class="notice ${row.free < 0 ? "bad" : "wait"}" key=${row.variant.id}><${Icon} name="triangle-alert" /><div><b>${textOf(row)}</b> <a href=${`#listing-${row.id}`}>${t("see_product")}</a></div></li>`)}
      ${lots.length > 0 && html`<li class="notice wait"><${Icon} name="clock" /><div><b>${t("lots_near_expiry", { count: lots.length })}</b> <a href="#lots">${t("lots")}</a></div></li>`}
      ${pickups && html`<li class="notice"><${Icon} name="calendar-days" /><div><b>${t("pickups_on", { day: weekdayAndDay(pickups.day) })}</b> ${t("pickups", { count: pickups.count })}</div></li>`}
    </ul>
  </section>`;
};
