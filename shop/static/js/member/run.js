// The driver's screen without a network: where each parcel goes, what was recorded, and hand-overs by code.
import { render } from "preact";
import { useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { button } from "member/controls";
import { Code, Receipt } from "member/handover";
import { readSubject } from "member/handover_codes";
import { html } from "member/html";
import { Deliver, PARCEL_TONES, ShortCash } from "member/parts";
import { clock, Icon, money, t } from "member/phone";
import { receivedState, withCash } from "member/pending";
import { addCommand, dropCommand, isDroppable, readCommands, readRun, synchroniseRun } from "member/run_store";

const run = signal(null),
  commands = signal([]),
  result = signal("offline");
let token = "";

const reload = async () => {
  [run.value, commands.value] = await Promise.all([readRun(token), readCommands(token)]);
};
const syncUrl = () => location.pathname.replace(/\/xa-vien\/.*$/, `/xa-vien/chuyen-di/${token}/dong-bo/`);
const send = async () => {
  result.value = await synchroniseRun(syncUrl(), token);
  await reload();
};
const give = async (name, payload, title, parcel = payload.parcel) => {
  await addCommand(token, name, payload, title, parcel);
  await reload();
  send();
  return true;
};

// A parcel as it will be once what waits is sent.
const withWaiting = (parcel) => {
  const own = commands.value.filter(
    ({ state, payload, parcel: id = payload.parcel }) => state === "waiting" && id === parcel.id,
  );
  return own.reduce((row, { name, payload }) => {
    if (name === "receive_parcel") return { ...row, state: receivedState("to_driver", row) };
    if (name === "fail_delivery") return { ...row, state: "failed_delivery" };
    return { ...row, state: "delivered", ...(payload.is_cash_collected ? withCash(payload, row) : {}) };
  }, parcel);
};

const Tag = () => {
  const count = commands.value.filter(({ state }) => state === "waiting").length;
  const [tone, icon, text] =
    result.value === "ok"
      ? count
        ? ["wait", "clock", t("waiting", { count })]
        : ["good", "check", t("all_sent")]
      : result.value === "offline"
        ? ["wait", "cloud-off", count ? t("offline_waiting", { count }) : t("offline")]
        : ["bad", "circle-alert", t("failing")];
  return html`<span class="tag sync ${tone}" role="status"><${Icon} name=${icon} /> ${text}</span>`;
};

// The buyer scans the code, or gets a link to open later; it says whether the driver has the cash.
const ToBuyer = ({ parcel }) => {
  const [isShown, setShown] = useState(false),
    [isPaid, setPaid] = useState(false);
  const isAsked = parcel.cash_state === "expected" && parcel.cash_holder !== "carrier";
  return html`<details>
    <summary>${t("buyer_confirms")}</summary>
    <div class="stack">
      ${isAsked && html`<label class="choice"><input type="checkbox" checked=${isPaid} onChange=${({ target }) => setPaid(target.checked)} /><span>${t("paid_in_full")}</span></label>`}
      ${isShown ? html`<${Code} subject=${`r.${run.value.run.id}.${parcel.id}`} handoverKey=${parcel.handover_key} detail=${Number(isPaid)} /><p class="hint">${t("buyer_confirms_later")}</p>` : button("qr-code", t("show_code"), () => setShown(true))}
    </div>
  </details>`;
};

const Stop = ({ parcel }) => {
  const step = (name, payload) => give(name, { parcel: parcel.id, ...payload }, `${t(`did_${name}`)} · ${parcel.code}`);
  const isRecalled = parcel.recalled_lots.length > 0;
  const part = { currency: parcel.currency, delivery: { is_pickup: false } };
  return html`<section class="panel stack stack-close">
    <div class="row row-apart"><b class="code">${parcel.code}</b><span class="tag ${PARCEL_TONES[parcel.state] ?? "info"}">${t(`parcel_${parcel.state}`)}</span></div>
    ${isRecalled && html`<p class="notice bad" role="alert"><${Icon} name="triangle-alert" /><span>${t("recalled_on_the_way")} ${parcel.recalled_lots.join(", ")}</span></p>`}
    ${
      parcel.state !== "delivered" &&
      parcel.buyer &&
      html`<p><b>${parcel.buyer.name}</b>${parcel.buyer.address && html`<br />${parcel.buyer.address}`}</p>
      ${parcel.buyer.phone && html`<a class="button button-second button-wide" href=${`tel:${parcel.buyer.phone}`}><${Icon} name="phone" /> ${parcel.buyer.shown_phone}</a>`}
      <p class="small">${parcel.contents.join(", ")}</p>`
    }
    ${parcel.cash_state === "expected" && html`<p>${t("cash_expected")} <b class="money">${money(parcel.cash_expected, parcel.currency)}</b></p>`}
    <${ShortCash} parcel=${parcel} currency=${parcel.currency} />
    ${
      parcel.state === "handed_over" &&
      !isRecalled &&
      html`<${ToBuyer} parcel=${parcel} />
      <${Deliver} part=${part} parcel=${parcel} step=${step} />`
    }
  </section>`;
};

// Return the run's parcel that a code is about, if the phone can tell. Codes name a parcel by the letters of its label or
// by its position in its part; what the driver types is on the label.
const parcelOf = (read, { order, number, label = String(number) }) => {
  const parcels = run.value.parcels.filter(({ code, part }) =>
    read ? part === read.part : code.startsWith(`${order}-`),
  );
  const isNamed = (parcel) =>
    read?.position ? parcel.position === read.position : parcel.label === (read ? read.label : label);
  return parcels.find(isNamed) ?? (parcels.length === 1 ? parcels[0] : null);
};
const checkCode = async (code) => {
  const read = code.token ? readSubject(code.token) : null;
  if (read && read.step !== "to_driver") return { text: t("foreign_code") };
  return { parcel: code.token && !read ? undefined : parcelOf(read, code)?.id };
};
const received = ({ name, place, ...code }, { parcel }) => {
  const title = [t("take_over"), code.order].filter(Boolean).join(" · ");
  return give("receive_parcel", { ...code, name, place }, title, parcel);
};

const Unsent = () =>
  commands.value.length > 0 &&
  html`<section class="stack stack-close">
    <h2>${t("unsent")}</h2>
    ${commands.value.map(
      (command) =>
        html`<div class="panel stack stack-close" key=${command.key}>
        <p><b>${command.title}</b> · ${t("at", { hour: clock(command.at) })}</p>
        <span class="tag ${command.state === "refused" ? "bad" : "wait"}">${t(`state_${command.state}`)}</span>
        ${command.message && html`<p>${command.message}</p>`}
        ${isDroppable(command) && button("circle-x", t(command.state === "refused" ? "drop" : "give_up"), () => dropCommand(command).then(reload))}
      </div>`,
    )}
    ${button("refresh-cw", t("send_now", { count: commands.value.filter(({ state }) => state === "waiting").length }), send)}
  </section>`;

const Run = ({ isReceiving }) => {
  if (!run.value) return html`<${Unsent} />`;
  const parcels = run.value.parcels.map(withWaiting);
  const communes = [...new Set(parcels.map(({ commune }) => commune))].sort();
  const { name, driver, vehicle, phone, shown_phone: shownPhone } = run.value.run;
  return html`
    <div class="row row-apart"><h2>${name}</h2><${Tag} /></div>
    <p>${[driver, vehicle].filter(Boolean).join(", ")}</p>
    ${phone && html`<a class="button button-second button-wide" href=${`tel:${phone}`}><${Icon} name="phone" /> ${shownPhone}</a>`}
    <p class="hint">${t("as_fetched", { hour: clock(run.value.fetchedAt) })}</p>
    <${Unsent} />
    <details open=${isReceiving}>
      <summary>${t("take_over")}</summary>
      <div class="stack"><${Receipt} defaultName=${driver} checkCode=${checkCode} onReceived=${received} /></div>
    </details>
    ${communes.map(
      (commune) =>
        html`<section class="stack" key=${commune}>
        <h2>${commune}</h2>
        ${parcels.filter((parcel) => parcel.commune === commune).map((parcel) => html`<${Stop} key=${parcel.id} parcel=${parcel} />`)}
      </section>`,
    )}
  `;
};

// Show the run of this token; return false if it was never fetched on this phone.
export const startRun = async (place, runToken, isReceiving) => {
  token = runToken;
  await reload();
  if (!run.value && !commands.value.length) return false;
  document.querySelector("h1").textContent = run.value?.run.cooperative ?? t("unsent");
  document.querySelector(".tab-bar").hidden = true;
  for (const notice of document.querySelectorAll("[data-offline-notice]")) notice.hidden = true;
  place.hidden = false;
  render(html`<${Run} isReceiving=${isReceiving} />`, place);
  addEventListener("online", send);
  setInterval(() => document.visibilityState === "visible" && send(), 60_000);
  send();
  return true;
};
