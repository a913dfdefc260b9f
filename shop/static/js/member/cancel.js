// Decline a new order, or cancel an accepted one, with a reason, as on the order's page.
import { html } from "member/html";
import { give, money, reasons, t } from "member/phone";
import { Reason } from "member/parts";

export const Cancel = ({ part }) => {
  const isNew = part.state === "new";
  const amount = money(part.due ?? part.total, part.currency);
  // The market asks again if somebody else worked on the order since.
  const parcels = part.parcels.filter(({ state }) => state !== "voided");
  const cancel = (reason) =>
    give(part, "cancel_part", { part: part.id, reason, seen_state: part.state, seen_parcels: parcels.length });
  return html`<div class="stack">
    ${!isNew && html`<p class="notice wait"><span>${t("cancels_whole_order")}</span></p>`}
    <div class="panel stack stack-close">
      <ul>${part.contents?.map((text) => html`<li key=${text}>${text}</li>`)}</ul>
      <p class="row row-apart"><span>${t("total")}</span> <b class="money">${amount}</b></p>
    </div>
    <p>${t("cancel_when_sent")}</p>
    <${Reason} name=${`cancel-${part.id}`} texts=${reasons.cancellation} button=${t(isNew ? "decline_and_notify" : "cancel_and_notify", { amount })} onReason=${cancel} />
  </div>`;
};
