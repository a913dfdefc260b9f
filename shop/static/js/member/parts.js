// The screen of one order: accept, weigh, pack, hand over, deliver and collect cash.
import { useEffect, useState } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { bigButton, button, Field, Loaded, NumberField, readWhole, Select, SyncTag, Thumbnail } from "member/controls";
import { html } from "member/html";
import {
  changeOutbox,
  give,
  Icon,
  isExpired,
  kilograms,
  longDay,
  money,
  newLabel,
  outbox,
  reasons,
  rows,
  t,
  ticks,
  timeLeft,
  waiting,
} from "member/phone";
import { cashOf, hasCash, isEnded, stepOf, takePicks, withCount, withPending } from "member/pending";
import { dropWaiting } from "member/store";

export const isToWeigh = ({ estimate_grams: estimate, weighed_grams: weighed }) => estimate && !weighed;

const orderOf = ({ accepted_at: acceptedAt, accept_by: acceptBy }) => acceptedAt ?? acceptBy;

// Return the parts in the order of the market's lists.
export const parts = () =>
  rows.value
    .filter(({ kind }) => kind === "part")
    .map((part) => withPending(part, outbox.value))
    .sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));

// The screen of a label's QR code. Only parcels that the market knows have one with their number.
export const PartOfParcel = ({ id }) => {
  const part = parts().find((row) => row.parcels.some((parcel) => parcel.id === id));
  return html`<${Part} id=${part?.id} />`;
};

export const Part = ({ id }) => {
  const part = parts().find((row) => row.id === id);
  if (!part) return html`<p class="notice"><${Icon} name="circle-alert" /><span>${t("gone")}</span></p>`;
  return html`
    <div class="row row-apart"><h2>${t("order", { code: part.order })}</h2><${SyncTag} /></div>
    <${Steps} part=${part} />
    ${part.source && html`<p class="small soft">${t("ordered_by", part)}</p>`}
    ${part.note && html`<p class="notice"><${Icon} name="message-circle" /><span><b>${t("buyers_note")}</b> ${part.note}</span></p>`}
    ${part.missing?.map((text) => html`<p class="notice"><${Icon} name="circle-x" /><span>${text}</span></p>`)}
    ${waiting()
      .filter(({ name, subject }) => name === "report_shortage" && subject.part === id)
      .map(
        ({ key, subject }) =>
          html`<p class="notice wait" key=${key}><${Icon} name="clock" /><span>${t("did_report_shortage")}: ${subject.missing}</span></p>`,
      )}
    ${isEnded(part) && html`<${Ended} part=${part} />`}
    ${part.state === "new" && html`<${Accept} part=${part} />`}
    ${part.state === "accepted" && html`<${Pack} part=${part} key=${part.id} />`}
    ${!isEnded(part) && part.parcels.map((parcel, at) => html`<${Parcel} key=${at} part=${part} parcel=${parcel} position=${at + 1} />`)}
    <${Loaded} load=${loadDestination} part=${part} />
    <p class="hint">${t("order_needs_signal")}</p>
    ${isCancellable(part) && html`<${Opened} text=${part.state === "new" ? "decline_order" : "cancel_order"} load=${loadCancel} part=${part} />`}
  `;
};

// Members may cancel until a parcel has left.
const isCancellable = (part) =>
  !isEnded(part) && part.parcels.every(({ state }) => ["packing", "packed", "voided"].includes(state));
const loadDestination = async () => (await import("member/destination")).Destination;
const loadCancel = async () => (await import("member/cancel")).Cancel;

// A cancellation that still waits on this phone can be given up.
const Ended = ({ part }) => {
  const command = waiting().find(({ name, subject }) => name === "cancel_part" && subject.part === part.id);
  return html`<p class="notice wait" role="status"><${Icon} name="circle-x" /><span>${t(`order_${part.state}`)}</span></p>
    ${command && button("refresh-cw", t("give_up"), () => changeOutbox(() => dropWaiting(command.key)))}`;
};

const Steps = ({ part }) => {
  const step = stepOf(part);
  const due =
    step === 1
      ? part.accept_by && t("time_left", { time: timeLeft(part.accept_by) })
      : step < 5 && part.ready_with_weekday;
  return html`<ol class="steps steps-by-name">
      ${part.steps?.map((name, at) => html`<li class=${at + 1 < step ? "done" : ""} aria-current=${at + 1 === step ? "step" : null}>${name}</li>`)}
    </ol>
    ${due && html`<p><b>${due}</b></p>`}`;
};

const List = ({ texts }) => html`<ul class="small">${texts?.map((text) => html`<li>${text}</li>`)}</ul>`;

const Accept = ({ part }) => html`
  <${List} texts=${part.contents} />
  ${bigButton("check", t("accept"), () => give(part, "accept_part", { part: part.id }), { isMain: true })}
`;

// Say from which lots to take a quantity, first expired first.
const lotTexts = ({ lots = [], lot_picks: picks }, quantity) =>
  takePicks(picks, quantity)
    .map((taken, at) => (taken ? withCount(lots[at], taken) : ""))
    .filter(Boolean);

// Return the lots with the quantities that the packer takes, as the market records them.
const suggestedPicks = ({ lot_picks: picks }, quantity) =>
  takePicks(picks, quantity).flatMap((taken, at) => (taken ? [[picks[at][0], taken]] : []));

// A line that its buyer is asked about is packed once they have answered.
const isTakeable = (line) => !isToWeigh(line) && !line.is_substitute_asked;

// Return what the packer entered about the lines: quantities, and lots other than the suggested ones.
const packed = (lines, entries) => {
  const ready = lines.filter((line) => isTakeable(line) && ticks.value.has(line.id));
  const entryOf = ({ id }) => entries[id] ?? {};
  const chosen = ready.flatMap((line) => {
    const lot = line.lot_choices?.find(({ id }) => String(id) === entryOf(line).lot);
    return lot || entryOf(line).lot === "none" ? [{ line, lot }] : [];
  });
  const quantityOf = (line) => ("count" in entryOf(line) ? readWhole(entryOf(line).count) : line.open);
  const suggested = ready.filter((line) => line.lot_picks?.length && !entryOf(line).lot);
  return {
    quantities: Object.fromEntries(ready.map((line) => [line.id, quantityOf(line)])),
    picks: Object.fromEntries(suggested.map((line) => [line.id, suggestedPicks(line, quantityOf(line))])),
    lots: Object.fromEntries(chosen.map(({ line, lot }) => [line.id, lot?.id ?? null])),
    hasExpired: chosen.some(({ lot }) => lot && isExpired(lot)),
  };
};

// The label of a parcel stays true for ever, also if another phone packs the same order: the phone chooses its letters, the
// market takes them over. These letters are hard to confuse.
const LETTERS = "ACDEFGHJKMNPQRTWX";
const drawLabel = (parcels) => {
  const numbers = crypto.getRandomValues(new Uint16Array(4));
  const label = Array.from(numbers, (number) => LETTERS[number % LETTERS.length]).join("");
  return parcels.some((parcel) => parcel.label === label) ? drawLabel(parcels) : label;
};

const isPackable = (open, quantities) =>
  Object.keys(quantities).length > 0 &&
  open.every(({ id, open: most }) => !(id in quantities) || (quantities[id] > 0 && quantities[id] <= most));

const Pack = ({ part }) => {
  const entries = useSignal({});
  const [reason, setReason] = useState("");
  const open = part.lines.filter((line) => line.open > 0);
  const { quantities, picks, lots, hasExpired } = packed(open, entries.value);
  const isReady = isPackable(open, quantities) && !(hasExpired && !reason.trim());
  const enter = (id, values) => {
    entries.value = { ...entries.value, [id]: { ...entries.value[id], ...values } };
  };
  const pack = async (form = {}) => {
    const choice = Object.keys(lots).length ? { lots, lot_reason: hasExpired ? reason.trim() : "" } : {};
    const label = drawLabel(part.parcels);
    // The market refuses another sum than the one that this phone prints on the label.
    const cash = cashOf(part, quantities);
    const seen = cash === null ? {} : { seen_cash: cash };
    const packing = { part: part.id, quantities, label, picks, ...seen, ...choice, ...form };
    if (!(await give(part, "pack_parcel", packing))) return;
    entries.value = {};
    const left = rows.value.flatMap(({ lines = [] }) => lines.map(({ id }) => id)).filter((id) => !(id in quantities));
    ticks.value = new Set(left.filter((id) => ticks.value.has(id)));
  };
  // The market's page of this order had no network when the member packed: go on with what was entered there, once for
  // each form. The market knows the form's key too, so it packs nothing again if only its answer was lost.
  const [formKey, setFormKey] = useState("");
  useEffect(() => {
    const { part: id, ...submitted } = JSON.parse(sessionStorage.getItem("packing") ?? "{}");
    sessionStorage.removeItem("packing");
    if (id !== part.id) return;
    entries.value = submitted.entries;
    const others = [...ticks.value].filter((line) => !part.lines.some((row) => row.id === line));
    ticks.value = new Set([...others, ...Object.keys(submitted.entries)]);
    setReason(submitted.reason);
    setFormKey(submitted.form_key);
  }, []);
  useEffect(() => {
    const isPacked = outbox.value.some(({ payload }) => payload.form_key === formKey);
    const isComplete = Object.keys(entries.value).every((line) => line in quantities);
    if (formKey && isReady && isComplete && !isPacked) pack({ form_key: formKey });
  }, [formKey]);
  if (!open.length) return null;
  return html`
    <ul class="stack stack-close">
      ${open.map(
        (line) => html`
          <li class="pick-row ${line.picture ? "" : "without-picture"}" key=${line.id}>
            ${line.picture && html`<${Thumbnail} address=${line.picture} />`}
            <div>
              <h3>${line.name}</h3>
              <span class="soft">${line.distinct_variant}</span>
              <p class="how-much">${line.amount}${line.weighed_grams ? ` · ${kilograms(line.weighed_grams)}` : ""}</p>
            </div>
            <${Question} line=${line} />
            ${isToWeigh(line) ? html`<${Weigh} part=${part} line=${line} />` : isTakeable(line) && html`<${Take} line=${line} entry=${entries.value[line.id] ?? {}} quantity=${quantities[line.id] ?? line.open} onEntry=${(values) => enter(line.id, values)} />`}
            ${
              !line.is_substitute_asked &&
              !line.asked_grams &&
              html`<${Opened} text="did_report_shortage" load=${loadShortage} part=${part} line=${line} />`
            }
          </li>
        `,
      )}
    </ul>
    ${!open.some(isTakeable) && html`<p class="notice wait"><${Icon} name=${open.some(isToWeigh) ? "scale" : "clock"} /><span>${t(open.every(isAsked) ? "pack_once_answered" : "weigh_first")}</span></p>`}
    ${hasExpired && html`<${Field} id="lot-reason" name="lot_reason" value=${reason} maxlength="250" onText=${setReason} />`}
    ${(stepOf(part) === 2 ? bigButton : button)("package-open", t("pack"), () => pack(), { isMain: true, isOff: !isReady })}
  `;
};

const isAsked = ({ is_substitute_asked: isOffered, asked_grams: grams }) => Boolean(isOffered || grams);

// What the buyer is asked about a line, or has answered about its weight. An offer that waits has no words yet.
const Question = ({ line }) => {
  const [first, ...rest] = line.questions?.length ? line.questions : isAsked(line) ? [t("substitute_asked")] : [];
  if (!first) return null;
  const [tone, icon] = isAsked(line) ? ["wait", "clock"] : ["bad", "circle-x"];
  return html`<div class="notice ${tone} wide"><${Icon} name=${icon} /><span><b>${first}</b> ${rest.join(" ")}</span></div>`;
};

// What is taken of a line: the suggested lots or another one, all of it or a part.
const Take = ({ line, entry, quantity, onEntry }) => {
  const choices = line.lot_choices ?? [];
  const nameOf = ({ code, expires_on: day }) => (day ? `${code} · ${longDay(day)}` : code);
  const tick = ({ target }) => {
    ticks.value = new Set([...ticks.value].filter((id) => id !== line.id).concat(target.checked ? line.id : []));
  };
  const canSplit = line.open > 1;
  const text = choices.length ? (canSplit ? "another_lot_or_split" : "another_lot") : "split";
  return html`
    ${choices.length > 0 && !entry.lot && html`<p class="wide"><${Icon} name="arrow-right" /> ${lotTexts(line, quantity).join(", ")}</p>`}
    <label class="pick-check wide"><input type="checkbox" checked=${ticks.value.has(line.id)} onChange=${tick} /> ${t("picked")}</label>
    ${
      (choices.length > 0 || canSplit) &&
      html`<details class="wide">
        <summary>${t(text)}<span class="visually-hidden">: ${line.name}</span></summary>
        ${choices.length > 0 && html`<${Select} id=${`lot-${line.id}`} name="lot" value=${entry.lot ?? ""} options=${[["", t("as_suggested")], ...choices.map((lot) => [String(lot.id), nameOf(lot)]), ["none", t("without_lot")]]} onText=${(lot) => onEntry({ lot })} />`}
        ${canSplit && html`<${NumberField} id=${`quantity-${line.id}`} name="quantity_in_parcel" unit=${`/ ${line.open}`} value=${entry.count ?? String(line.open)} onText=${(count) => onEntry({ count })} />`}
      </details>`
    }
  `;
};

const Weigh = ({ part, line }) => {
  const [written, setWritten] = useState("");
  const match = /^(\d{1,5})(?:[.,](\d{1,3}))?$/.exec(written.trim());
  const grams = match ? Number(match[1]) * 1000 + Number((match[2] ?? "").padEnd(3, "0")) : 0;
  const id = `kg-${line.id}`;
  return html`<div class="wide field">
    <label for=${id}>${t("weight", { name: line.name })}</label>
    <div class="with-unit">
      <input class="input input-large" id=${id} inputmode="decimal" autocomplete="off" value=${written} onInput=${({ target }) => setWritten(target.value)} />
      <span>kg</span>
    </div>
    ${navigator.bluetooth && html`<${Scale} onGrams=${(read) => setWritten(String(read / 1000).replace(".", ","))} />`}
    ${grams > 0 && html`<${WeightSum} line=${line} grams=${grams} currency=${part.currency} />`}
    <p class="hint">${t("expected_weight", { weight: kilograms(line.estimate_grams), limit: kilograms(line.bound_grams) })}</p>
    <button class="button button-second button-wide" type="button" disabled=${!grams} onClick=${() => give(part, "weigh_line", { part: part.id, line: line.id, grams })}>
      <${Icon} name="scale" /> ${t("save_weight")}
    </button>
  </div>`;
};

// What the weight costs, and whether it is probably a typing error: the market asks for it again then.
const WeightSum = ({ line, grams, currency }) => {
  const { estimate_grams: estimate, bound_grams: bound, kilogram_price: price } = line;
  const isFar = grams > 3 * estimate || 3 * grams < estimate;
  const isMore = !isFar && grams > bound;
  const sum = money(Math.round((grams * price) / 1000), currency);
  return html`<p class="notice ${isFar ? "bad" : isMore ? "wait" : "good"}" role="status"><${Icon} name=${isFar || isMore ? "circle-alert" : "scale"} />
    <span>${kilograms(grams)} × ${money(price, currency)}/kg = <b class="money">${sum}</b>
      ${isFar && html`<br />${t("far_weight", { weight: kilograms(estimate) })}`}
      ${isMore && html`<br />${t("heavier_weight", { weight: kilograms(bound) })}`}</span></p>`;
};

// Fills in the weight of a Bluetooth scale, which may be corrected before it is saved.
const Scale = ({ onGrams }) => {
  const [status, setStatus] = useState("");
  const read = async () => {
    setStatus("scale_waiting");
    try {
      const grams = await (await import("member/scale")).readScale();
      if (grams) onGrams(grams);
      setStatus("");
    } catch {
      setStatus("scale_failed");
    }
  };
  return html`${button("scale", t("read_scale"), read, { isOff: status === "scale_waiting" })}<p class="hint" role="status">${status && t(status)}</p>`;
};

export const PARCEL_TONES = { failed_delivery: "bad", delivered: "good", packed: "good", voided: "" };

// Fields of several parcels on one screen have names of their own.
const idOf = ({ id, packed_by: key }) => id ?? key;

const Parcel = ({ part, parcel, position }) => {
  const named = parcel.id ? { parcel: parcel.id } : { packed_by: parcel.packed_by };
  const step = (name, payload = {}) => give(part, name, { ...named, ...payload });
  // The step of the order's only parcel stays in view, unless the rest is to be packed.
  const isMain = stepOf(part) !== 2 && part.parcels.filter(({ state }) => state !== "voided").length === 1;
  const isAtPickup = parcel.state === "handed_over" && parcel.needs_pickup_code;
  const code = [part.order, parcel.label].filter(Boolean).join("-");
  const name = t(part.parcels.length > 1 ? "parcel" : "only_parcel", { number: position });
  const reason = reasons.failure.find(([stored]) => stored === parcel.failure_reason)?.[1] ?? parcel.failure_reason;
  // Goods that come back are received on the market's page.
  if (parcel.is_outgoing === false)
    return html`<section class="panel stack"><h3 class="small-head">${name}: ${parcel.kind_name} <span class="code small soft">${code}</span></h3><${List} texts=${parcel.contents} /></section>`;
  return html`<section class="panel stack">
    <div class="row row-apart">
      <h3 class="small-head">${[name, parcel.kind_name].filter(Boolean).join(": ")} <span class="code small soft">${code}</span></h3>
      <span class="tag ${PARCEL_TONES[parcel.state] ?? "info"}">${t(isAtPickup ? "parcel_at_pickup" : `parcel_${parcel.state}`)}</span>
    </div>
    <${List} texts=${parcel.contents} />
    ${parcel.run_driver && html`<p class="small soft"><${Icon} name="truck" /> ${t("in_run", { name: parcel.run_driver })}</p>`}
    ${parcel.cash_expected > 0 && html`<p>${t("cash_expected")} <b class="money">${money(parcel.cash_expected, part.currency)}</b></p>`}
    ${parcel.cash_state === "collected" && parcel.cash_expected > 0 && parcel.cash_collected >= parcel.cash_expected && html`<p><span class="tag good"><${Icon} name="check" /> ${t("cash_recorded")}</span></p>`}
    <${ShortCash} parcel=${parcel} currency=${part.currency} />
    ${["handed_over", "delivered"].includes(parcel.state) && html`<${Carriage} parcel=${parcel} />`}
    ${parcel.state === "failed_delivery" && reason && html`<p class="notice bad"><${Icon} name="triangle-alert" /><span>${reason}</span></p>`}
    ${parcel.cash_state === "expected" && parcel.cash_holder && parcel.carrier && html`<p class="soft">${t(`${parcel.cash_holder}_collects`, parcel)}</p>`}
    ${part.buyer && ["packing", "packed", "handed_over", "failed_delivery"].includes(parcel.state) && html`<${Opened} text="label" isOpen=${newLabel.value === parcel.label} load=${loadLabel} part=${part} parcel=${parcel} code=${code} />`}
    ${parcel.state === "packing" && bigButton("tag", t("close"), () => step("close_parcel"), { isMain })}
    ${["packed", "failed_delivery"].includes(parcel.state) && html`<${HandOver} part=${part} parcel=${parcel} step=${step} isMain=${isMain} />`}
    ${part.handover_key && ["packing", "packed", "failed_delivery"].includes(parcel.state) && html`<${Opened} text="by_code" load=${loadGive} part=${part} position=${position} />`}
    ${parcel.state === "handed_over" && html`<${Deliver} part=${part} parcel=${parcel} step=${step} isMain=${isMain} />`}
    ${
      parcel.state === "delivered" &&
      hasCash(parcel) &&
      html`<${Cash} part=${part} parcel=${parcel} text="cash_collected" isMain=${isMain} onCollected=${(cash) => step("report_collected_cash", cash)} />`
    }
  </section>`;
};

// How a parcel is carried, with the driver's number to call.
const Carriage = ({ parcel: { carrier, tracking_number: number, vehicle, driver_phone: phone } }) => {
  const text = [carrier, number, vehicle].filter(Boolean).join(" ");
  if (!text && !phone) return null;
  return html`<p class="small soft">${text} ${phone && html`<a href=${`tel:${phone}`}>${phone.replace("+84", "0")}</a>`}</p>`;
};

// Whether less cash was taken than was due, and how much.
export const ShortCash = ({ parcel, currency }) => {
  const { cash_state: state, cash_expected: expected, cash_collected: taken = 0 } = parcel;
  if (["none", "expected"].includes(state) || !(taken < expected)) return null;
  const sums = { amount: money(taken, currency), missing: money(expected - taken, currency) };
  return html`<p><span class="tag wait"><${Icon} name="circle-alert" /> ${t("cash_short", sums)}</span></p>`;
};

const loadGive = async () => (await import("member/handover")).Give;
const loadShortage = async () => (await import("member/shortage")).Shortage;
const loadLabel = async () => (await import("member/label")).Label;

// Details whose script is loaded when they are opened.
export const Opened = ({ text, isOpen: isOpenAtFirst = false, ...properties }) => {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  return html`<details class="wide" open=${isOpen} onToggle=${({ target }) => setOpen(target.open)}>
    <summary>${t(text)}</summary>
    ${isOpen && html`<${Loaded} ...${properties} />`}
  </details>`;
};

// The fields of each kind of delivery. All are optional: a neighbour on a motorbike has no tracking number.
const DISPATCH_FIELDS = {
  carrier: ["carrier", "tracking_number"],
  coach: ["carrier", "vehicle", "driver_phone"],
};
const DISPATCH_ATTRIBUTES = {
  carrier: { maxlength: 120 },
  tracking_number: { maxlength: 120 },
  vehicle: { maxlength: 60 },
  driver_phone: { type: "tel", inputmode: "tel", maxlength: 20 },
};

const HandOver = ({ part, parcel, step, isMain }) => {
  const fields = DISPATCH_FIELDS[part.delivery.kind] ?? [];
  const { run_driver: driver, ...details } = parcel;
  if (driver) details.carrier = "";
  const [texts, setTexts] = useState(Object.fromEntries(fields.map((name) => [name, details[name] ?? ""])));
  // Empty fields are sent too: a cleared carrier means that the cooperative collects the cash.
  const written = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.trim()]));
  const isPhoneWrong = written.driver_phone && !/^(0|84)\d{9,10}$/.test(written.driver_phone.replace(/\D/g, ""));
  const isCash = part.delivery.kind === "carrier" && parcel.cash_state === "expected";
  const [holder, setHolder] = useState(
    (!driver && parcel.cash_holder) || (details.carrier ? "carrier" : "cooperative"),
  );
  const isCarrierMissing = isCash && holder === "carrier" && !written.carrier;
  // A carrier gets a parcel of a driver's run only if it leaves the run.
  const isLeaving = Boolean(driver && written.carrier);
  const handOver = () =>
    step("hand_over_parcel", {
      ...written,
      ...(isCash ? { is_cash_with_cooperative: holder === "cooperative" } : {}),
      ...(isLeaving ? { should_leave_run: true } : {}),
    });
  const text = isLeaving
    ? "leave_run"
    : parcel.state === "failed_delivery"
      ? "deliver_again"
      : part.delivery.is_pickup
        ? "ready_for_pickup"
        : "hand_over";
  return html`
    ${fields.map(
      (name) =>
        html`<${Field} key=${name} id=${`${name}-${idOf(parcel)}`} name=${name} value=${texts[name]} hint=${name === "carrier" && isCarrierMissing ? t("carrier_missing") : ""} onText=${(value) => setTexts({ ...texts, [name]: value })} ...${DISPATCH_ATTRIBUTES[name]} />`,
    )}
    ${
      isCash &&
      html`<fieldset class="field">
        <legend>${t("who_collects")}</legend>
        <div class="stack stack-close">
          ${["carrier", "cooperative"].map((who) => html`<label class="choice" key=${who}><input type="radio" name=${`holder-${idOf(parcel)}`} checked=${holder === who} onChange=${() => setHolder(who)} /><span>${t(`${who}_collects_cash`)}</span></label>`)}
        </div>
      </fieldset>`
    }
    ${isLeaving && html`<p class="notice">${t("leaves_run", { name: driver })}</p>`}
    ${bigButton("truck", t(text), handOver, { isMain, isOff: isPhoneWrong || isCarrierMissing })}
  `;
};

export const Deliver = ({ part, parcel, step, isMain = false }) => {
  const [code, setCode] = useState("");
  const isCodeMissing = parcel.needs_pickup_code && !code.trim();
  const deliver = (payload) => step("deliver_parcel", { ...payload, ...(code.trim() ? { code } : {}) });
  const plainText = t(part.delivery.is_pickup ? "picked_up" : "delivered");
  return html`
    ${parcel.needs_pickup_code && html`<${Field} id=${`code-${idOf(parcel)}`} name="code" value=${code} inputmode="numeric" maxlength="20" onText=${setCode} />`}
    ${
      hasCash(parcel)
        ? html`<${Cash} part=${part} parcel=${parcel} text="delivered_with_cash" isMain=${isMain} isOff=${isCodeMissing} onCollected=${(cash) => deliver({ is_cash_collected: true, ...cash })} />
          ${button("clock", t("delivered_without_cash"), () => deliver({ is_cash_collected: false }), { isOff: isCodeMissing })}`
        : bigButton("check", plainText, () => deliver({ is_cash_collected: false }), { isMain, isOff: isCodeMissing })
    }
    <${Failure} parcel=${parcel} onFailed=${(reason) => step("fail_delivery", { reason })} />
  `;
};

// The sum that was collected is sent with the command, so that the market refuses one that it does not expect.
const Cash = ({ part, parcel, text, isMain, isOff = false, onCollected }) => {
  const [written, setWritten] = useState(""),
    [reason, setReason] = useState("");
  const expected = parcel.cash_expected ?? null;
  const amount = readWhole(written);
  const sum = (value) => t(text, { amount: money(value, part.currency) });
  const collect = () => onCollected({ cash: amount, ...(reason.trim() ? { cash_reason: reason.trim() } : {}) });
  const isWrong = isOff || !amount || (expected !== null && !reason.trim());
  const saveButton = expected === null ? bigButton : button;
  const fields = html`
    <${Field} id=${`amount-${idOf(parcel)}`} name="amount" value=${written} inputmode="numeric" maxlength="16" onText=${setWritten} />
    ${expected !== null && html`<${Field} id=${`reason-${idOf(parcel)}`} name="cash_reason" value=${reason} maxlength="500" onText=${setReason} />`}
    ${saveButton("banknote", amount ? sum(amount) : t("cash_recorded"), collect, { isMain, isOff: isWrong })}
  `;
  if (expected === null) return html`<p>${t("cash_unknown")}</p>${fields}`;
  return html`
    ${bigButton("banknote", sum(expected), () => onCollected({ cash: expected }), { isMain, isOff })}
    <details><summary>${t("paid_less")}</summary><div class="stack">${fields}</div></details>
  `;
};

const Failure = ({ parcel, onFailed }) =>
  html`<details>
  <summary>${t("delivery_failed")}</summary>
  <${Reason} name=${`failure-${idOf(parcel)}`} texts=${reasons.failure} button=${t("delivery_failed")} onReason=${onFailed} />
</details>`;

// Ask for a reason, one of those given or in words.
export const Reason = ({ name, texts, button: text, onReason }) => {
  const [chosen, setChosen] = useState(""),
    [words, setWords] = useState("");
  const choice = (value, label) =>
    html`<label class="choice" key=${value}>
    <input type="radio" name=${name} checked=${chosen === value} onChange=${() => setChosen(value)} /><span>${label}</span>
  </label>`;
  const reason = [chosen === "other" ? "" : chosen, words.trim()].filter(Boolean).join("\n");
  return html`<div class="stack">
      <fieldset class="field">
        <legend>${t("reason")}</legend>
        <div class="stack stack-close">
          ${texts.map(([stored, shown]) => choice(stored, shown))}
          ${choice("other", t("other_reason"))}
        </div>
      </fieldset>
      ${chosen === "other" && html`<${Field} id=${name} name="explain" value=${words} maxlength="300" onText=${setWords} />`}
      ${button("circle-x", text, () => onReason(reason), { isOff: !reason })}
    </div>`;
};
