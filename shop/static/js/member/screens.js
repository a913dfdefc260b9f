// The screens for work without a network: Today, one order, and what has not been sent.
import { render } from "preact";
import { useState } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { html } from "member/html";
import {
  changeOutbox,
  clock,
  failureReasons,
  give,
  Icon,
  isNotStored,
  kilograms,
  money,
  network,
  outbox,
  refused,
  reload,
  rows,
  send,
  sendingKeys,
  settings,
  t,
  today,
  waiting,
} from "member/phone";
import { hasCash, stageOf, withPending } from "member/pending";
import { dropCommand, repeatCommand } from "member/store";

const STAGES = ["accept", "pack", "hand_over", "on_the_way", "collect_cash"];
const TONES = {
  accept: "wait",
  pack: "wait",
  hand_over: "good",
  on_the_way: "info",
  collect_cash: "wait",
  done: "good",
};

const contents = (lines) =>
  lines.map(
    ({ quantity, unit, name, variant }) => `${quantity} ${unit || "×"} ${name}${variant ? ` (${variant})` : ""}`,
  );

const parts = () => rows.value.filter(({ kind }) => kind === "part").map((part) => withPending(part, outbox.value));

const groupByStage = (open) => {
  const byStage = new Map();
  for (const part of open) byStage.set(stageOf(part), [...(byStage.get(stageOf(part)) ?? []), part]);
  return byStage;
};

const SyncTag = () => {
  const count = waiting().length;
  const [tone, icon, text] = sendingKeys.value.length
    ? ["info", "refresh-cw", t("sending")]
    : network.value === "offline"
      ? ["wait", "cloud-off", count ? t("offline_waiting", { count }) : t("offline")]
      : network.value === "signed_out"
        ? ["bad", "circle-alert", t("signed_out")]
        : network.value !== "fine"
          ? ["bad", "circle-alert", t("failing")]
          : count
            ? ["wait", "clock", t("waiting", { count })]
            : ["good", "check", t("all_sent")];
  return html`<span class="tag sync ${tone}" role="status"><${Icon} name=${icon} /> ${text}</span>`;
};

// The market serves a newer build than this page: commands of both are understood, and both read one database.
const Renewal = () => {
  const { build } = document.querySelector("[data-phone-app]").dataset;
  if (network.value !== "fine" || !settings.value?.build || settings.value.build === build) return null;
  const renew = async () => {
    await send();
    location.reload();
  };
  return html`<div class="notice" role="status"><${Icon} name="refresh-cw" />
    <div class="stack stack-close"><p>${t("renewal")}</p>
      <button class="button button-second button-wide" type="button" onClick=${renew}>${t("renew")}</button></div>
  </div>`;
};

const Today = () => {
  const byStage = groupByStage(parts());
  const open = waiting().length + refused().length;
  return html`
    <div class="row row-apart"><p class="strong">${today()}</p><${SyncTag} /></div>
    ${open > 0 && html`<a class="button button-second button-wide" href="#unsent"><${Icon} name="refresh-cw" /> ${t("see_unsent", { count: open })}</a>`}
    ${STAGES.filter((stage) => byStage.has(stage)).map(
      (stage) => html`
        <section class="stack" key=${stage}>
          <h2>${t(`stage_${stage}`)}</h2>
          <ul class="stack stack-close">
            ${byStage.get(stage).map((part) => html`<li key=${part.id}><${PartTask} part=${part} stage=${stage} /></li>`)}
          </ul>
        </section>
      `,
    )}
    ${!parts().length && html`<p class="notice good"><${Icon} name="check" /><span>${t("nothing_to_do")}</span></p>`}
  `;
};

const PartTask = ({ part, stage }) => html`
  <a class="task without-picture soon" href=${`#part-${part.id}`}>
    <span>
      <b>${t("order", { code: part.order })}</b>
      <small>${contents(part.lines).join(", ")}</small>
      <small><span class="tag ${TONES[stage]}">${t(`tag_${stage}`)}</span></small>
    </span>
    <${Icon} name="chevron-right" />
  </a>
`;

const Part = ({ id }) => {
  const part = parts().find((row) => row.id === id);
  if (!part) return html`<p class="notice"><${Icon} name="circle-alert" /><span>${t("gone")}</span></p>`;
  return html`
    <div class="row row-apart"><h2>${t("order", { code: part.order })}</h2><${SyncTag} /></div>
    ${part.buyer && html`<p><b>${part.buyer.name}</b><br /><a class="button button-second" href=${`tel:${part.buyer.phone}`}><${Icon} name="phone" /> ${part.buyer.phone}</a></p>`}
    ${part.buyer?.address && html`<p>${part.buyer.address}</p>`}
    ${part.note && html`<p class="notice"><${Icon} name="circle-alert" /><span>${part.note}</span></p>`}
    ${part.state === "new" ? html`<${Accept} part=${part} />` : html`<${Pack} part=${part} key=${part.id} />`}
    ${part.parcels.map((parcel) => html`<${Parcel} key=${parcel.number} part=${part} parcel=${parcel} />`)}
  `;
};

const Accept = ({ part }) => html`
  <ul>
    ${contents(part.lines).map((text) => html`<li>${text}</li>`)}
  </ul>
  <button class="button big-action" type="button" onClick=${() => give(part, "accept_part", { part: part.id })}>
    <${Icon} name="check" /> ${t("accept")}
  </button>
`;

const Pack = ({ part }) => {
  const picked = useSignal({});
  const open = part.lines.filter((line) => line.open > 0);
  const ready = open.filter(({ estimate_grams: estimate, weighed_grams: weighed }) => !estimate || weighed);
  const quantities = Object.fromEntries(
    ready.filter(({ id }) => picked.value[id]).map(({ id, open: quantity }) => [id, quantity]),
  );
  if (!open.length) return null;
  return html`
    <ul class="stack stack-close">
      ${open.map(
        (line) => html`
          <li class="pick-row" key=${line.id}>
            <div class="wide">
              <h3>${line.name}</h3>
              ${line.variant && html`<span class="soft">${line.variant}</span>`}
              <p class="how-much">${line.open} ${line.unit}${line.weighed_grams ? ` · ${kilograms(line.weighed_grams)}` : ""}</p>
              ${line.is_substitute_asked && html`<span class="tag wait">${t("substitute_asked")}</span>`}
              ${line.asked_grams && html`<span class="tag wait">${t("weight_asked")}</span>`}
            </div>
            ${
              line.estimate_grams && !line.weighed_grams
                ? html`<${Weigh} part=${part} line=${line} />`
                : html`<label class="pick-check wide"
                  ><input
                    type="checkbox"
                    checked=${Boolean(picked.value[line.id])}
                    onChange=${({ target }) => {
                      picked.value = { ...picked.value, [line.id]: target.checked };
                    }}
                  />
                  ${t("picked")}</label
                >`
            }
          </li>
        `,
      )}
    </ul>
    <button
      class="button big-action"
      type="button"
      disabled=${!Object.keys(quantities).length}
      onClick=${() => give(part, "pack_parcel", { part: part.id, quantities })}
    >
      <${Icon} name="package-open" /> ${t("pack")}
    </button>
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
    <p class="hint">${t("expected_weight", { weight: kilograms(line.estimate_grams), limit: kilograms(line.bound_grams) })}</p>
    <button class="button button-second button-wide" type="button" disabled=${!grams} onClick=${() => give(part, "weigh_line", { part: part.id, line: line.id, grams })}>
      <${Icon} name="scale" /> ${t("save_weight")}
    </button>
  </div>`;
};

const button = (icon, text, onClick, { isBig = false, isOff = false } = {}) =>
  html`<button class="button ${isBig ? "big-action" : "button-second button-wide"}" type="button" disabled=${isOff} onClick=${onClick}><${Icon} name=${icon} /> ${text}</button>`;

const Field = ({ id, name, value, onText, hint, ...attributes }) =>
  html`<div class="field">
  <label for=${id}>${t(name)}</label>
  ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
  <input class="input" id=${id} value=${value} autocomplete="off" aria-describedby=${hint ? `${id}-hint` : undefined} onInput=${({ target }) => onText(target.value)} ...${attributes} />
</div>`;

const Parcel = ({ part, parcel }) => {
  const named = parcel.id ? { parcel: parcel.id } : { packed_by: parcel.packed_by };
  const step = (name, payload = {}) => give(part, name, { ...named, ...payload });
  const isAtPickup = parcel.state === "handed_over" && parcel.needs_pickup_code;
  const quantities = new Map(parcel.lines.map(({ line, quantity }) => [line, quantity]));
  const packed = contents(
    part.lines.filter(({ id }) => quantities.has(id)).map((line) => ({ ...line, quantity: quantities.get(line.id) })),
  );
  return html`<section class="panel stack">
    <h3>${t("parcel", { number: parcel.number })} <span class="tag">${t(isAtPickup ? "parcel_at_pickup" : `parcel_${parcel.state}`)}</span></h3>
    <ul class="small">
      ${packed.map((text) => html`<li>${text}</li>`)}
    </ul>
    ${parcel.cash_expected > 0 && html`<p>${t("cash_expected", { sum: money(parcel.cash_expected, part.currency) })}</p>`}
    ${parcel.is_cash_with_carrier && html`<p class="soft">${t("carrier_collects", { carrier: parcel.carrier })}</p>`}
    ${parcel.state === "packing" && button("tag", t("close"), () => step("close_parcel"), { isBig: true })}
    ${["packed", "failed_delivery"].includes(parcel.state) && html`<${HandOver} part=${part} parcel=${parcel} step=${step} />`}
    ${parcel.state === "handed_over" && html`<${Deliver} part=${part} parcel=${parcel} step=${step} />`}
    ${
      parcel.state === "delivered" &&
      hasCash(parcel) &&
      html`<${Cash} part=${part} parcel=${parcel} text="cash_collected" onCollected=${(cash) => step("report_collected_cash", cash)} />`
    }
  </section>`;
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

const HandOver = ({ part, parcel, step }) => {
  const fields = DISPATCH_FIELDS[part.delivery.kind] ?? [];
  const [texts, setTexts] = useState(Object.fromEntries(fields.map((name) => [name, parcel[name] ?? ""])));
  // Empty fields are sent too: a cleared carrier means that the cooperative collects the cash.
  const written = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.trim()]));
  const isPhoneWrong = written.driver_phone && !/^(0|84)\d{9,10}$/.test(written.driver_phone.replace(/\D/g, ""));
  const isCash = part.delivery.kind === "carrier" && parcel.cash_state === "expected";
  const text =
    parcel.state === "failed_delivery"
      ? "deliver_again"
      : part.delivery.is_collected
        ? "ready_for_pickup"
        : "hand_over";
  return html`
    ${fields.map(
      (name) =>
        html`<${Field} key=${name} id=${`${name}-${parcel.number}`} name=${name} value=${texts[name]} hint=${name === "carrier" && isCash ? t("carrier_hint") : ""} onText=${(value) => setTexts({ ...texts, [name]: value })} ...${DISPATCH_ATTRIBUTES[name]} />`,
    )}
    ${button("truck", t(text), () => step("hand_over_parcel", written), { isBig: true, isOff: isPhoneWrong })}
  `;
};

const Deliver = ({ part, parcel, step }) => {
  const [code, setCode] = useState("");
  const isCodeMissing = parcel.needs_pickup_code && !code.trim();
  const deliver = (payload) => step("deliver_parcel", { ...payload, ...(code.trim() ? { code } : {}) });
  const plainText = t(part.delivery.is_collected ? "picked_up" : "delivered");
  return html`
    ${parcel.needs_pickup_code && html`<${Field} id=${`code-${parcel.number}`} name="code" value=${code} inputmode="numeric" maxlength="20" onText=${setCode} />`}
    ${
      hasCash(parcel)
        ? html`<${Cash} part=${part} parcel=${parcel} text="delivered_with_cash" isOff=${isCodeMissing} onCollected=${(cash) => deliver({ is_cash_collected: true, ...cash })} />
          ${button("clock", t("delivered_without_cash"), () => deliver({ is_cash_collected: false }), { isOff: isCodeMissing })}`
        : button("check", plainText, () => deliver({ is_cash_collected: false }), { isBig: true, isOff: isCodeMissing })
    }
    <${Failure} parcel=${parcel} onFailed=${(reason) => step("fail_delivery", { reason })} />
  `;
};

// The sum that was collected is sent with the command, so that the market refuses one that it does not expect.
const Cash = ({ part, parcel, text, isOff = false, onCollected }) => {
  const [written, setWritten] = useState(""),
    [reason, setReason] = useState("");
  const expected = parcel.cash_expected ?? null;
  const digits = written.replace(/[\s.,]/g, "");
  const amount = /^\d{1,12}$/.test(digits) ? Number(digits) : 0;
  const sum = (value) => t(text, { sum: money(value, part.currency) });
  const collect = () => onCollected({ cash: amount, ...(reason.trim() ? { cash_reason: reason.trim() } : {}) });
  const fields = html`
    <${Field} id=${`amount-${parcel.number}`} name="amount" value=${written} inputmode="numeric" maxlength="16" onText=${setWritten} />
    ${expected !== null && html`<${Field} id=${`reason-${parcel.number}`} name="cash_reason" value=${reason} maxlength="500" onText=${setReason} />`}
    ${button("banknote", amount ? sum(amount) : t("cash_recorded"), collect, { isBig: expected === null, isOff: isOff || !amount || (expected !== null && !reason.trim()) })}
  `;
  if (expected === null) return html`<p>${t("cash_unknown")}</p>${fields}`;
  return html`
    ${button("banknote", sum(expected), () => onCollected({ cash: expected }), { isBig: true, isOff })}
    <details><summary>${t("paid_less")}</summary><div class="stack">${fields}</div></details>
  `;
};

const Failure = ({ parcel, onFailed }) => {
  const [chosen, setChosen] = useState(""),
    [words, setWords] = useState("");
  const name = `failure-${parcel.number}`;
  const choice = (value, text) =>
    html`<label class="choice" key=${value}>
    <input type="radio" name=${name} checked=${chosen === value} onChange=${() => setChosen(value)} /><span>${text}</span>
  </label>`;
  const reason = [chosen === "other" ? "" : chosen, words.trim()].filter(Boolean).join("\n");
  return html`<details>
    <summary>${t("delivery_failed")}</summary>
    <div class="stack">
      <fieldset class="field">
        <legend>${t("reason")}</legend>
        <div class="stack stack-close">
          ${failureReasons.map(([stored, shown]) => choice(stored, shown))}
          ${choice("other", t("other_reason"))}
        </div>
      </fieldset>
      ${chosen === "other" && html`<${Field} id=${name} name="explain" value=${words} maxlength="300" onText=${setWords} />`}
      ${button("circle-x", t("delivery_failed"), () => onFailed(reason), { isOff: !reason })}
    </div>
  </details>`;
};

const title = ({ name, subject, payload }) => {
  const figure = payload.grams
    ? ` ${kilograms(payload.grams)}`
    : payload.cash && subject.currency
      ? ` ${money(payload.cash, subject.currency)}`
      : "";
  return `${t(`did_${name}`)}${figure} · ${t("order", { code: subject.order })}`;
};

const Command = ({ command }) => {
  const isSending = sendingKeys.value.includes(command.key);
  const [tone, icon, text] = isSending
    ? ["info", "refresh-cw", t("state_sending")]
    : { waiting: ["wait", "clock", t("state_waiting")], done: ["good", "check", t("state_done")] }[command.state];
  return html`<li class="task without-picture ${command.state === "done" ? "done" : "soon"}">
    <span><b>${title(command)}</b><small>${t("at", { hour: clock(command.at) })}</small><small><span class="tag ${tone}"><${Icon} name=${icon} /> ${text}</span></small></span>
  </li>`;
};

// What may be corrected after these refusals, instead of trying the same again.
const CORRECTIONS = { invalid_pickup_code: ["code", "code"], cash_amount_differs: ["cash_reason", "cash_reason"] };

const Review = ({ command }) => {
  const [written, setWritten] = useState("");
  const { code, details, key, payload } = command;
  const again = (icon, text, correction, isOff = false) =>
    button(icon, text, () => changeOutbox(() => repeatCommand(key, { ...payload, ...correction })), { isOff });
  const [field, label] = CORRECTIONS[code] ?? [];
  const expected = ["invalid_cash_amount", "cash_amount_differs"].includes(code) && details?.expected;
  const part = rows.value.find(({ kind, id }) => kind === "part" && id === command.subject.part);
  const currency = part?.currency;
  return html`<section class="panel stack">
    <h2 class="small-head">${title(command)}</h2>
    <span class="tag bad"><${Icon} name="circle-alert" /> ${t("state_refused")}</span>
    <p>${command.message}</p>
    <p class="soft">${part ? t("market_has", { state: t(`tag_${stageOf(part)}`) }) : t("gone")}</p>
    ${expected > 0 && currency && html`<p>${t("cash_expected", { sum: money(expected, currency) })}</p>`}
    <div class="stack stack-close">
      ${field && html`<${Field} id=${`again-${key}`} name=${label} value=${written} maxlength=${field === "code" ? 20 : 500} onText=${setWritten} />`}
      ${
        code === "implausible_weight"
          ? again("scale", t("weight_is_right", { weight: kilograms(payload.grams) }), {
              repeated_grams: payload.grams,
            })
          : field
            ? again("refresh-cw", t("try_again"), { [field]: written.trim() }, !written.trim())
            : !expected && again("refresh-cw", t("try_again"), {})
      }
      ${expected > 0 && currency && again("banknote", t("cash_collected", { sum: money(expected, currency) }), { cash: expected, cash_reason: "" })}
      ${button("circle-x", t("drop"), () => changeOutbox(() => dropCommand(key)))}
    </div>
  </section>`;
};

const Unsent = () => {
  const done = outbox.value.filter(({ state }) => state === "done").reverse();
  const count = waiting().length;
  return html`
    <div class="row row-apart"><h2>${t("unsent")}</h2><${SyncTag} /></div>
    ${network.value === "signed_out" && html`<a class="button big-action" href=${document.querySelector("[data-phone-door]").dataset.phoneStart}>${t("sign_in")}</a>`}
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

const address = () => location.hash || initialScreen();

// A page that could not be loaded leads to its screen: an order's page to the order.
const initialScreen = () => {
  const part = /\/goi\/(\d+)\/$/.exec(location.pathname);
  return part ? `#part-${part[1]}` : "#today";
};

const Screen = ({ at }) => {
  const part = /^#part-(\d+)$/.exec(at.value);
  return html`
    ${at.value !== "#today" && html`<p><a class="button button-plain" href="#today"><${Icon} name="arrow-left" /> ${t("back")}</a></p>`}
    <${Renewal} />
    ${isNotStored.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${t("not_stored")}</span></p>`}
    ${part ? html`<${Part} id=${Number(part[1])} />` : at.value === "#unsent" ? html`<${Unsent} />` : html`<${Today} />`}
  `;
};

const App = () => {
  const at = useSignal(address());
  useState(() => {
    addEventListener("hashchange", () => {
      at.value = address();
      scrollTo(0, 0);
    });
  });
  return html`<${Screen} at=${at} />`;
};

export const start = async (place) => {
  await reload();
  if (!settings.value) return false;
  document.querySelector("h1").textContent = settings.value.cooperative.name;
  for (const notice of document.querySelectorAll("[data-offline-notice]")) notice.hidden = true;
  place.hidden = false;
  render(html`<${App} />`, place);
  addEventListener("online", send);
  addEventListener("offline", () => {
    network.value = "offline";
  });
  setInterval(() => document.visibilityState === "visible" && send(), 60_000);
  send();
  return true;
};
