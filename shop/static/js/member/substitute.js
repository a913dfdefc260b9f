// Offer another product for missing items of a line. The buyer is asked, by a link, once this is sent.
import { useState } from "preact/hooks";
import { button, MAX_QUANTITY, NumberField, readWhole, Select } from "member/controls";
import { html } from "member/html";
import { give, nameOf, products, t } from "member/phone";

const isOnSale = ({ listings }) => listings.some(({ state }) => state === "published");

// Return the variants on sale, each with its name in words, without that of the line.
const choices = (line) =>
  products()
    .filter(isOnSale)
    .flatMap((product) =>
      product.variants
        .filter(({ id }) => id !== line.variant)
        .map((variant) => [String(variant.id), `${product.name} (${nameOf(variant)})`]),
    );

export const Substitute = ({ part, line }) => {
  const [missing, setMissing] = useState(String(line.open)),
    [variant, setVariant] = useState(""),
    [count, setCount] = useState(String(line.open));
  const quantity = readWhole(missing),
    substitute = readWhole(count);
  const isReady = variant && quantity > 0 && quantity <= line.open && substitute > 0 && substitute <= MAX_QUANTITY;
  const offer = () =>
    give(part, "offer_substitute", {
      part: part.id,
      line: line.id,
      quantity,
      variant: Number(variant),
      substitute_quantity: substitute,
    });
  return html`<div class="stack">
    <${NumberField} id=${`missing-${line.id}`} name="how_many_missing" value=${missing} unit="/ ${line.open}" onText=${setMissing} />
    <${Select} id=${`instead-${line.id}`} name="offer_instead" value=${variant} options=${[["", t("choose_product")], ...choices(line)]} onText=${setVariant} />
    <${NumberField} id=${`count-${line.id}`} name="how_many_instead" value=${count} unit="" onText=${setCount} />
    ${button("check", t("ask_buyer"), offer, { isOff: !isReady })}
    <p class="hint">${t("buyer_asked_later")}</p>
  </div>`;
};
