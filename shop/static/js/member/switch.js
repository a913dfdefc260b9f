// A shared phone without a network: who is working, and their PIN. Each member's signing key is sealed with their PIN, so
// who opens it has entered the right one.
import { useState } from "preact/hooks";
import { button } from "member/controls";
import { html } from "member/html";
import { Icon, reload, send, settings, t, waiting } from "member/phone";
import { decode, importKey } from "member/pins";
import { lockPhone, notifyOtherTabs, recordActivity, setMemberCookie } from "member/shared_phone";
import { readTries, storeAuthor, storeTries } from "member/store";

const KEYS = [..."1234567890", ""];
const MAX_DIGITS = 6;
const TRIES = 3; // wrong ones before the phone waits
const WAITS = [1, 5, 15, 60]; // minutes, as the market waits
const NONCE_BYTES = 12;

// Return the member's signing key, null if the PIN is wrong.
const unsealKey = async ({ salt, iterations, sealed_key: sealedKey }, pin) => {
  const secret = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveKey"]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt: decode(salt), iterations };
  const pinKey = await crypto.subtle.deriveKey(derivation, secret, { name: "AES-GCM", length: 256 }, false, [
    "decrypt",
  ]);
  const sealed = decode(sealedKey);
  const cipher = { name: "AES-GCM", iv: sealed.slice(0, NONCE_BYTES) };
  const bytes = await crypto.subtle.decrypt(cipher, pinKey, sealed.slice(NONCE_BYTES)).catch(() => null);
  return bytes && importKey(bytes);
};

// Open the phone for a member without a network; return the minutes to wait, 0 after a wrong PIN, null once it is open.
const openPhone = async (member, pin) => {
  const { count, until } = await readTries(member.id);
  const left = (until - Date.now()) / 60_000; // more than any wait if the phone's clock was set back
  if (left > 0 && left <= WAITS.at(-1)) return Math.ceil(left);
  const key = await unsealKey(member, pin);
  if (!key) {
    const wait = count + 1 < TRIES ? 0 : WAITS[Math.min(count + 1 - TRIES, WAITS.length - 1)];
    await storeTries(member.id, { count: count + 1, until: Date.now() + wait * 60_000 });
    return wait;
  }
  await storeTries(member.id, { count: 0, until: 0 });
  setMemberCookie(member.id);
  await storeAuthor(member, key);
  notifyOtherTabs();
  recordActivity();
  return null;
};

const Pin = ({ member, onBack }) => {
  const [pin, setPin] = useState("");
  const [status, setStatus] = useState("");
  const open = async (event) => {
    event.preventDefault();
    if (status === "opening") return;
    setStatus("opening");
    const minutes = await openPhone(member, pin);
    if (minutes === null) {
      await reload();
      send();
    } else {
      setPin("");
      setStatus(minutes ? t("pin_locked", { minutes }) : t("wrong_pin"));
    }
  };
  const isFault = status && status !== "opening";
  return html`<form class="stack" onSubmit=${open}>
    <h2>${member.name}</h2>
    <div class="field">
      <label for="pin">${t("pin")}</label>
      <input class="input pin" id="pin" type="password" inputmode="numeric" autocomplete="off" maxlength=${MAX_DIGITS} value=${pin} aria-invalid=${isFault ? "true" : undefined} aria-describedby=${isFault ? "pin-error" : undefined} onInput=${({ target }) => setPin(target.value)} />
      ${isFault && html`<p class="error" id="pin-error" role="alert"><${Icon} name="circle-alert" /><span>${status}</span></p>`}
    </div>
    <div class="keypad">
      ${KEYS.map((digit) => html`<button class="button button-second" type="button" key=${digit} value=${digit} aria-label=${digit || t("delete_digit")} onClick=${() => setPin(digit ? (pin + digit).slice(0, MAX_DIGITS) : pin.slice(0, -1))}>${digit || html`<${Icon} name="delete" />`}</button>`)}
    </div>
    <button class="button big-action" disabled=${!pin || status === "opening"}><${Icon} name="check" /> ${t("open_phone")}</button>
    ${button("users", t("other_member"), onBack)}
  </form>`;
};

export const Switch = () => {
  const [chosen, setChosen] = useState(null);
  if (chosen) return html`<${Pin} key=${chosen.id} member=${chosen} onBack=${() => setChosen(null)} />`;
  const count = waiting().length;
  return html`
    <h2>${t("who_is_working")}</h2>
    <ul class="stack stack-close">
      ${settings.value.shared.members.map(
        (member) =>
          html`<li key=${member.id}><button class="button button-second big-action" type="button" onClick=${() => setChosen(member)}><${Icon} name="user" /> ${member.name}</button></li>`,
      )}
    </ul>
    ${count > 0 && html`<p class="notice"><${Icon} name="cloud-off" /><span>${t("sent_after_opening", { count })}</span></p>`}
  `;
};

// Who is at the phone, and the button that locks it for the next member.
export const PhoneUser = () =>
  html`<div class="row row-apart row-held phone-user"><b><${Icon} name="user" /> ${settings.value.member.name}</b><button class="button button-second" type="button" onClick=${lockPhone}><${Icon} name="users" /> ${t("switch_member")}</button></div>`;
