// The screen of what is not sent: commands that wait, commands to check again, and what has just arrived.
import { useState } from "preact/hooks";
import { button, Field, SyncTag } from "member/controls";
import { html } from "member/html";
import {
  changeOutbox,
  clock,
  draft,
  Icon,
  kilograms,
  money,
  network,
  newLabel,
  number,
  outbox,
  photos,
  refused,
  rows,
  seasonOf,
  seasonText,
  send,
  sendingKeys,
  settings,
  t,
  waiting,
} from "member/phone";
import { isToLabel, stageOf } from "member/pending";
import { removePhotos } from "member/photos";
import { dropCommand, forgetAll, repeatCommand, reviseCommand } from "member/store";
import { stopSynchronising } from "member/sync";

const title = ({ name, subject, payload }) => {
  const amount = payload.cash ?? payload.amount,
    count = payload.counted ?? payload.quantity;
  const figure = payload.grams
    ? ` ${kilograms(payload.grams)}`
    : amount && subject.currency
      ? ` ${money(amount, subject.currency)}`
      : count !== undefined
        ? ` ${number(count)} ${subject.unit}`
        : payload.season
          ? ` (${seasonText(subject.season)})`
          : subject.missing
            ? ` ${subject.missing}`
            : "";
  return `${t(`did_${name}`)}${figure} · ${subject.order ? t("order", { code: subject.order }) : subject.name}`;
};

// On a shared phone who did it.
const authorOf = ({ by }) => settings.value.shared && by && ` · ${by}`;

// How much of a new product's photos has arrived.
const Progress = ({ keys }) => {
  const own = photos.value.filter(({ key }) => keys.includes(key));
  if (!own.length) return null;
  const sum = (field) => own.reduce((total, photo) => total + photo[field], 0);
  const text = t("photos_sent", { sent: Math.floor(sum("sent") / 1024), size: Math.ceil(sum("size") / 1024) });
  return html`<small>${text}</small><progress max=${sum("size")} value=${sum("sent")} aria-label=${text}></progress>`;
};

const Command = ({ command }) => {
  const isSending = sendingKeys.value.includes(command.key);
  // What another phone has to send first may never come.
  const isOwn = command.member === settings.value.member.id;
  const isStuck = command.state === "waiting" && command.message && isOwn && !isSending;
  const [tone, icon, text] = isSending
    ? ["info", "refresh-cw", t("state_sending")]
    : {
        waiting: ["wait", "clock", t("state_waiting")],
        refused: ["bad", "circle-alert", t("state_refused")],
        done: command.result?.is_in_review ? ["info", "clock", t("under_review")] : ["good", "check", t("state_done")],
      }[command.state];
  return html`<li class="task without-picture ${command.state === "done" ? "done" : "soon"}">
    <span><b>${title(command)}</b><small>${t("at", { hour: clock(command.at) })}${authorOf(command)}</small>${command.state === "waiting" && command.message && html`<small>${command.message}</small>`}${command.state === "waiting" && html`<${Progress} keys=${command.payload.photos ?? []} />`}<small><span class="tag ${tone}"><${Icon} name=${icon} /> ${text}</span></small>${isStuck && button("circle-x", t("give_up"), () => changeOutbox(() => dropCommand(command.key)))}</span>
  </li>`;
};

// What may be corrected after these refusals, instead of trying the same again: field, label, longest text.
const CORRECTIONS = {
  invalid_pickup_code: ["code", "code", 20],
  cash_amount_differs: ["cash_reason", "cash_reason", 500],
  expired_lot: ["lot_reason", "lot_reason", 250],
};
// After these the same command can only be refused again.
const FINAL = [
  "missing",
  "picture_removed",
  "transition_not_allowed",
  "open_quantity_changed",
  "label_code_used",
  "part_already_handed_over",
  "handover_code_closed",
  "foreign_handover_code",
  "wrong_handover_code",
  "handover_of_cancelled_parcel",
];

const isNew = ({ name }) => ["create_listing", "submit_listing"].includes(name);

const rowOf = ({ subject }) =>
  rows.value.find(({ kind, id }) => subject[kind] === id && ["part", "product"].includes(kind));

const listingOf = (product, { payload }) => product?.listings.find(({ id }) => id === payload.listing);

const marketPrice = (product, command) => {
  const channel = listingOf(product, command)?.channel;
  const variant = product?.variants.find(({ id }) => id === command.payload.variant);
  return variant?.prices.find((price) => price.channel === channel)?.amount ?? null;
};

// Return the stock that the market has now where the command is about, and that of its lot.
const stockNow = (product, { payload, subject }) => {
  const variant = product.variants.find(({ id }) => id === payload.variant);
  if (!variant) return "";
  const lot = variant.lots?.find(({ id }) => id === payload.lot);
  const places = [payload.warehouse, payload.to].filter(Boolean);
  return (settings.value.warehouses ?? [])
    .filter(({ id }) => places.includes(id))
    .map(({ id, name }) => {
      const [here] = (lot ? lot.balances : variant.stocks).filter(({ warehouse }) => warehouse === id);
      return `${[name, lot?.code].filter(Boolean).join(", ")}: ${number(here?.on_hand ?? 0)} ${subject.unit}`;
    })
    .join("; ");
};

// Return the cash to collect in words, as a label and the market say it.
const cashText = (cash, { currency }) =>
  cash ? t("collect_cash_of", { amount: money(cash, currency) }) : t("collect_no_cash");

// Return what the market has now, in words.
const marketNow = (command) => {
  const row = rowOf(command);
  if (command.code === "cash_to_collect_changed")
    return t("market_has", { state: cashText(command.details.expected, command.subject) });
  if (isNew(command)) return command.name === "submit_listing" ? t("market_has", { state: t("draft") }) : "";
  if (command.name === "receive_parcel" && !row) return "";
  if (!row) return t(command.subject.part ? "gone" : "product_gone");
  if (row.kind === "part") return t("market_has", { state: t(isToLabel(row) ? "tag_label" : `tag_${stageOf(row)}`) });
  const price = command.name === "change_price" ? marketPrice(row, command) : null;
  if (price !== null) return t("market_has", { state: money(price, command.subject.currency) });
  if (command.name === "change_season") return t("market_has", { state: seasonText(row.season) });
  const stock = stockNow(row, command);
  if (stock) return t("market_has", { state: stock });
  const listing = listingOf(row, command);
  return listing
    ? t("market_has", { state: t(`tab_${listing.state === "published" ? "on_sale" : listing.state}`) })
    : "";
};

const Decisions = ({ command }) => {
  const [written, setWritten] = useState("");
  const { code, details, key, payload, subject } = command;
  const again = (icon, text, correction, isOff = false) =>
    button(icon, text, () => changeOutbox(() => repeatCommand(key, { ...payload, ...correction })), { isOff });
  const drop = (text) =>
    button("circle-x", text, () => changeOutbox(() => dropCommand(key).then(() => removePhotos(payload.photos ?? []))));
  const keep = drop(t("drop"));
  const part = rowOf(command);
  const currency = part?.currency;
  const expected = ["invalid_cash_amount", "cash_amount_differs"].includes(code) && details?.expected;
  if (code === "price_already_changed") {
    const price = marketPrice(part, command) ?? details.amount;
    const sum = (amount) => ({ amount: money(amount, subject.currency) });
    return html`
      ${again("tag", t("take_phone_price", sum(payload.amount)), { seen: price, confirmed: "" })}
      ${price === null ? keep : drop(t("keep_market_price", sum(price)))}
    `;
  }
  if (code === "product_already_changed" && part) {
    const months = part.season;
    const named = (text) => ({ season: seasonText(text) });
    return html`
      ${again("check", t("take_phone_season", named(subject.season)), { seen: seasonOf(months) })}
      ${drop(t("keep_market_season", named(months)))}
    `;
  }
  // Another packer took from the lot first, or it was recalled.
  if ((payload.lots || payload.picks) && ["lot_quantity_short", "recalled_lot"].includes(code))
    return html`${again("arrow-right", t("lots_as_suggested"), { lots: {}, picks: {}, lot_reason: "" })} ${keep}`;
  const revise = () => changeOutbox(() => reviseCommand(command));
  const edit =
    command.name === "create_listing" &&
    html`<a class="button button-second button-wide" href="#new" onClick=${revise}><${Icon} name="pencil" /> ${t("edit")}</a>`;
  if (code === "unusual_price")
    return html`${again("check", t("save_as_entered"), { confirmed: details.confirmation_token })} ${edit} ${keep}`;
  if (code === "cash_to_collect_changed") {
    const cash = details.expected;
    const pack = async () => {
      if (!(await changeOutbox(() => repeatCommand(key, { ...payload, seen_cash: cash })))) return;
      newLabel.value = payload.label;
      location.hash = `#part-${subject.part}`;
    };
    return html`${button("tag", t("pack_with_new_label", { cash: cashText(cash, subject) }), pack)} ${keep}`;
  }
  if (code === "parcel_in_run") return html`${again("truck", t("leave_run"), { should_leave_run: true })} ${keep}`;
  if (code === "part_changed_meanwhile")
    return html`${again("circle-x", t("cancel_all_the_same"), { seen_state: details.state, seen_parcels: details.parcels })} ${keep}`;
  if (code === "substitute_at_a_loss")
    return html`${again("check", t("ask_anyway"), { confirmed: details.confirmation_token })} ${keep}`;
  if (code === "implausible_weight") {
    const { grams } = payload;
    return html`${again("scale", t("weight_is_right", { weight: kilograms(grams) }), { repeated_grams: grams })} ${keep}`;
  }
  if (edit) return html`${edit} ${keep}`;
  if (photos.value.some(({ key: photo, refusal }) => refusal && payload.photos?.includes(photo))) return keep;
  const [field, label, maxLength] = CORRECTIONS[code] ?? [];
  return html`
    ${field && html`<${Field} id=${`again-${key}`} name=${label} value=${written} maxlength=${maxLength} onText=${setWritten} />`}
    ${
      field
        ? again("refresh-cw", t("try_again"), { [field]: written.trim() }, !written.trim())
        : !expected && !FINAL.includes(code) && again("refresh-cw", t("try_again"), {})
    }
    ${expected > 0 && currency && again("banknote", t("cash_collected", { amount: money(expected, currency) }), { cash: expected, cash_reason: "" })}
    ${keep}
  `;
};

// A conflict: what this phone said, what the market answered, what the market has now, and what can be done.
const Review = ({ command }) => {
  const { code, details, key } = command;
  const part = rowOf(command);
  const expected = ["invalid_cash_amount", "cash_amount_differs"].includes(code) && details?.expected;
  const dropped = outbox.value.filter(({ payload }) => [payload.packed_by, payload.created_by].includes(key));
  return html`<section class="panel stack">
    <h3 class="small-head">${title(command)}</h3>
    <span class="tag bad"><${Icon} name="circle-alert" /> ${t("state_refused")}</span>
    <p>${authorOf(command) && html`<b>${command.by}.</b> `}${t("done_here", { hour: clock(command.at) })} ${command.message}</p>
    ${code === "cash_to_collect_changed" && html`<p class="soft">${t("label_has", { cash: cashText(command.payload.seen_cash, command.subject) })}</p>`}
    <p class="soft">${marketNow(command)}</p>
    ${details?.latest?.length > 0 && html`<ul class="small">${details.latest.map((text) => html`<li key=${text}>${text}</li>`)}</ul>`}
    ${expected > 0 && part?.currency && html`<p>${t("cash_expected")} <b class="money">${money(expected, part.currency)}</b></p>`}
    ${command.name === "pack_parcel" && !part && html`<p>${t("unpack")}</p>`}
    ${dropped.length > 0 && html`<p class="soft">${t("also_dropped", { steps: dropped.map(({ name }) => t(`did_${name}`)).join(", ") })}</p>`}
    <div class="stack stack-close">${command.member === settings.value.member.id ? html`<${Decisions} command=${command} />` : html`<p class="hint">${t("decided_by", { name: command.by })}</p>`}</div>
  </section>`;
};

// What a removed member did can no longer be sent. The manager learns it from the phone, then it is deleted.
const Removed = () => {
  const { name } = settings.value.cooperative;
  const all = outbox.value.filter(({ state }) => state !== "done");
  const forget = async () => {
    await stopSynchronising(forgetAll);
    location.assign(document.querySelector("[data-sync-url]").dataset.phoneStart);
  };
  return html`
    <h2>${t("unsent")}</h2>
    <p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${t("member_removed", { cooperative: name })}</span></p>
    <ul class="stack stack-close">
      ${all.map((command) => html`<${Command} key=${command.key} command=${command} />`)}
    </ul>
    ${button("circle-x", t("delete_unsent"), forget)}
  `;
};

export const Unsent = () => {
  if (settings.value.isRemoved) return html`<${Removed} />`;
  const done = outbox.value.filter(({ state }) => state === "done").reverse();
  const count = waiting().length;
  return html`
    <div class="row row-apart"><h2>${t("unsent")}</h2><${SyncTag} /></div>
    ${network.value === "signed_out" && html`<a class="button big-action" href=${document.querySelector("[data-sync-url]").dataset.phoneStart}>${t("sign_in")}</a>`}
    ${draft.value && html`<a class="button button-second button-wide" href="#new"><${Icon} name="pencil" /> ${t("finish_draft", { name: draft.value.name || t("new_product") })}</a>`}
    ${refused().map((command) => html`<${Review} key=${command.key} command=${command} />`)}
    ${
      count > 0 &&
      html`<button class="button big-action" type="button" onClick=${send}><${Icon} name="refresh-cw" /> ${t("send_now", { count })}</button>
      <section class="stack">
        <h2>${t("in_line")}</h2>
        <ul class="stack stack-close">
          ${waiting().map((command) => html`<${Command} key=${command.key} command=${command} />`)}
        </ul>
        <p class="notice"><${Icon} name="cloud-off" /><span>${t("keep_working")}</span></p>
      </section>`
    }
    ${network.value !== "ok" && !count && !done.length && !refused().length && !draft.value && html`<p class="notice good"><${Icon} name="check" /><span>${t("all_sent")}</span></p>`}
    ${
      done.length > 0 &&
      html`<section class="stack">
      <h2>${t("just_sent")}</h2>
      <ul class="stack stack-close">
        ${done.map((command) => html`<${Command} key=${command.key} command=${command} />`)}
      </ul>
    </section>`
    }
  `;
};
