// Where an order goes: the buyer, what they wrote and how they get it, the invoice, the sums and the cash.
import { Opened } from "member/parts";
import { html } from "member/html";
import { Icon, money, t } from "member/phone";

const loadMessage = async () => (await import("member/buyer_message")).Message;

const Invoice = ({ part: { invoice } }) =>
  invoice.length
    ? html`<h3 class="small-head">${t("company_invoice")}</h3>
      <p>${invoice.filter(Boolean).map((text, at) => html`${at > 0 && html`<br />`}${text}`)}</p>`
    : html`<p class="notice"><${Icon} name="circle-alert" /><span>${t("invoice_asked")}</span></p>`;

const Sums = ({ part: { sums, due, currency } }) =>
  html`<dl class="sums">
  ${sums.map(
    ({ name, amount, hint }) =>
      html`<dt>${name}${hint && html`<br /><small class="soft">${hint}</small>`}</dt>
      <dd>${amount < 0 ? `−${money(-amount, currency)}` : money(amount, currency)}</dd>`,
  )}
  <dt class="total">${t("total")}</dt><dd class="total">${money(due, currency)}</dd>
</dl>`;

export const Destination = ({ part }) => {
  const { buyer, delivery, lines } = part;
  const isToPack = part.state === "accepted" && lines.some(({ open }) => open > 0);
  return html`<section class="panel stack stack-close">
    <h3 class="small-head">${t(delivery.is_pickup ? "picked_up_by" : "deliver_to")}</h3>
    <p class="strong">${delivery.name}</p>
    ${delivery.pickup_place && html`<p>${delivery.pickup_place}</p>`}
    ${buyer && html`<p><b>${buyer.name}</b><br /><a class="button button-second" href=${`tel:${buyer.phone}`}><${Icon} name="phone" /> ${buyer.shown_phone}</a></p>`}
    ${buyer?.greeting && html`<${Opened} text="message_to_buyer" load=${loadMessage} part=${part} />`}
    ${buyer?.address && html`<p>${buyer.address}</p>`}
    ${part.commune && html`<p>${part.commune}</p><p class="hint small soft">${t("buyer_after_acceptance")}</p>`}
    ${part.needs_invoice && html`<${Invoice} part=${part} />`}
    ${part.sums && html`<${Sums} part=${part} />`}
    ${
      isToPack && part.cash_unpacked > 0
        ? html`<p class="row row-apart"><span>${t("cash_expected")}</span><b class="money">${money(part.cash_unpacked, part.currency)}</b></p>`
        : isToPack &&
          part.is_paid &&
          html`<p class="notice good"><${Icon} name="check" /><span>${t("buyer_has_paid")}</span></p>`
    }
  </section>`;
};
