// What to fetch for all orders that are to be packed, by product or by order. Ticks stay on this phone, also in the orders.
import { useState } from "preact/hooks";
import { html } from "member/html";
import { isToWeigh, parts } from "member/parts";
import { Icon, kilograms, t, ticks } from "member/phone";
import { stageOf, withCount } from "member/pending";

const openLines = () =>
  parts()
    .filter((part) => part.state === "accepted" && stageOf(part) === "pack")
    .flatMap((part) => part.lines.filter(({ open }) => open > 0).map((line) => ({ part, line })));

// Return the lines in groups, each with its heading: one for each product's option, or one for each order.
const groupsOf = (lines, isByOrder) => {
  const groups = new Map();
  for (const row of lines) {
    const { part, line } = row;
    const key = isByOrder ? part.id : `${line.variant ?? line.name}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups];
};

const Tick = ({ line, name }) => {
  const set = ({ target }) => {
    ticks.value = new Set([...ticks.value].filter((id) => id !== line.id).concat(target.checked ? line.id : []));
  };
  return html`<label class="pick-check wide"><input type="checkbox" checked=${ticks.value.has(line.id)} onChange=${set} /> ${t("picked")}<span class="visually-hidden">: ${name}</span></label>`;
};

const Item = ({ part, line, isByOrder }) =>
  html`<div class="wide stack stack-close">
    ${isByOrder && html`<h3>${line.name}</h3>`}
    ${!isByOrder && html`<p><a class="button button-plain code" href=${`#part-${part.id}`}>${part.order}</a></p>`}
    ${isByOrder && line.distinct_variant && html`<p class="soft">${line.distinct_variant}</p>`}
    <p class="how-much">${line.amount}</p>
    ${line.lots?.length > 0 && html`<p>${line.lots.join(", ")}</p>`}
    ${isToWeigh(line) && html`<p><span class="tag wait"><${Icon} name="scale" /> ${t("weigh_about", { weight: kilograms(line.estimate_grams) })}</span></p>`}
    <${Tick} line=${line} name=${`${part.order} ${line.name}`} />
  </div>`;

export const PickList = () => {
  const [isByOrder, setByOrder] = useState(false);
  const lines = openLines();
  const choice = (value, text) =>
    html`<li><button class="filter" type="button" aria-current=${isByOrder === value ? "true" : undefined} onClick=${() => setByOrder(value)}>${t(text)}</button></li>`;
  return html`
    <h2>${t("pick_list")}</h2>
    ${lines.length ? html`<ul class="scroll-row">${choice(false, "by_product")}${choice(true, "by_order")}</ul>` : html`<p class="notice good"><${Icon} name="check" /><span>${t("nothing_to_pick")}</span></p>`}
    ${groupsOf(lines, isByOrder).map(
      ([key, group]) =>
        html`<section class="stack stack-close" key=${key}>
        <h3 class="small-head">${isByOrder ? html`<a class="button button-plain code" href=${`#part-${key}`}>${group[0].part.order}</a>` : [group[0].line.name, group[0].line.distinct_variant].filter(Boolean).join(" · ")}</h3>
        ${
          !isByOrder &&
          group.length > 1 &&
          html`<p class="how-much">${withCount(
            group[0].line.amount,
            group.reduce((sum, { line }) => sum + line.open, 0),
          )}</p>`
        }
        <ul class="stack stack-close">
          ${group.map(({ part, line }) => html`<li class="pick-row ${ticks.value.has(line.id) ? "is-picked" : ""}" key=${line.id}><${Item} part=${part} line=${line} isByOrder=${isByOrder} /></li>`)}
        </ul>
      </section>`,
    )}
  `;
};
