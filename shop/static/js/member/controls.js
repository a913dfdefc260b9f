// Fields and buttons that the screens share, and the state of sending.
import { useEffect, useState } from "preact/hooks";
import { html } from "member/html";
import { Icon, network, outbox, refused, sendingKeys, t, waiting } from "member/phone";

export const button = (icon, text, onClick, { isBig = false, isOff = false } = {}) =>
  html`<button class="button ${isBig ? "big-action" : "button-second button-wide"}" type="button" disabled=${isOff} onClick=${onClick}><${Icon} name=${icon} /> ${text}</button>`;

// The button of a step. The screen's main one stays in view above the tabs.
export const bigButton = (icon, text, onClick, { isMain, isOff } = {}) => {
  const step = button(icon, text, onClick, { isBig: true, isOff });
  return isMain ? html`<div class="buy-bar">${step}</div>` : step;
};

export const Field = ({ id, name, value, onText, hint, ...attributes }) =>
  html`<div class="field">
  <label for=${id}>${t(name)}</label>
  ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
  <input class="input" id=${id} value=${value} autocomplete="off" aria-describedby=${hint ? `${id}-hint` : undefined} onInput=${({ target }) => onText(target.value)} ...${attributes} />
</div>`;

// A phone without a network shows the photos that it has loaded before.
export const Thumbnail = ({ address }) => {
  const [isMissing, setMissing] = useState(false);
  if (isMissing) return html`<span class="no-picture" hidden></span>`;
  return html`<img class="pick-picture" src=${address} alt="" width="80" height="80" loading="lazy" onError=${() => setMissing(true)} />`;
};

// A large field for a number, with its unit.
export const NumberField = ({ id, name, value, unit, onText }) =>
  html`<div class="field">
  <label for=${id}>${t(name)}</label>
  <div class="with-unit">
    <input class="input input-large" id=${id} inputmode="numeric" autocomplete="off" maxlength="16" value=${value} onInput=${({ target }) => onText(target.value)} />
    <span>${unit}</span>
  </div>
</div>`;

export const Select = ({ id, name, options, value, onText }) =>
  html`<div class="field">
  <label for=${id}>${t(name)}</label>
  <select class="input" id=${id} value=${value} onChange=${({ target }) => onText(target.value)}>
    ${options.map(([key, text]) => html`<option key=${key} value=${key}>${text}</option>`)}
  </select>
</div>`;

// Whether a command about the row waits on this phone.
export const UnsentTag = ({ subject, id }) =>
  outbox.value.some((command) => command.state === "waiting" && command.subject[subject] === id) &&
  html`<span class="tag sync wait"><${Icon} name="clock" /> ${t("state_waiting")}</span>`;

export const MAX_QUANTITY = 1_000_000; // in one count, receipt, loss or transfer

// Return a counted quantity, which may be 0; null if it is none.
export const readCount = (written) => {
  const digits = written.replace(/[\s.,]/g, "");
  return /^\d{1,7}$/.test(digits) && Number(digits) <= MAX_QUANTITY ? Number(digits) : null;
};

// Return a whole number such as 12.000, 0 if it is none. Points and commas group thousands.
export const readWhole = (written) => {
  const digits = written.replace(/[\s.,₫đ]/g, "");
  return /^\d{1,12}$/.test(digits) ? Number(digits) : 0;
};

export const SyncTag = () => {
  const count = waiting().length;
  const [tone, icon, text] = sendingKeys.value.length
    ? ["info", "refresh-cw", t("sending")]
    : network.value === "offline"
      ? ["wait", "cloud-off", count ? t("offline_waiting", { count }) : t("offline")]
      : network.value === "full"
        ? ["bad", "circle-alert", t("full")]
        : network.value === "signed_out"
          ? ["bad", "circle-alert", t("signed_out")]
          : network.value !== "ok"
            ? ["bad", "circle-alert", t("failing")]
            : count
              ? ["wait", "clock", t("waiting", { count })]
              : refused().length
                ? ["bad", "circle-alert", t("to_check", { count: refused().length })]
                : ["good", "check", t("all_sent")];
  return html`<span class="tag sync ${tone}" role="status"><${Icon} name=${icon} /> ${text}</span>`;
};

// A script of this page's build is neither on the phone nor on the market any more.
export const Outdated = () =>
  html`<p class="notice wait" role="alert"><${Icon} name="refresh-cw" /><span>${t("renewal")}</span></p>${button("refresh-cw", t("renew"), () => location.reload())}`;

// A component of a script that is loaded when it is first shown.
export const Loaded = ({ load, ...properties }) => {
  const [shown, setShown] = useState(null);
  useEffect(() => {
    load()
      .catch(() => Outdated)
      .then((component) => setShown(() => component));
  }, []);
  return shown && html`<${shown} ...${properties} />`;
};
