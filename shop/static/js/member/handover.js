// Hand-overs without a network: the giver shows a code, and the receiver scans it or enters its digits.
import { useEffect, useState } from "preact/hooks";
import { button, Field } from "member/controls";
import {
  digitsOf,
  findByDigits,
  findNamed,
  isPhoneLabel,
  isSigned,
  isTyped,
  nameParcel,
  readSubject,
  subjectOf,
  tokenFrom,
  tokenOf,
} from "member/handover_codes";
import { html } from "member/html";
import { changeOutbox, clock, Icon, outbox, rows, settings, t } from "member/phone";
import { withPending } from "member/pending";
import { Scanner } from "member/scan_button";
import { addCommands } from "member/store";

const MAX_TRIES = 3;

const capital = (text) => text[0].toUpperCase() + text.slice(1);
const nameOf = (step) => capital(t(`step_${step}`));

// Show the code of a hand-over: `detail` is what its QR code says besides the subject.
export const Code = ({ subject, handoverKey, detail }) => {
  const [shown, setShown] = useState(null);
  useEffect(() => {
    (async () => {
      const digits = await digitsOf(handoverKey, subject);
      setShown({ digits });
      const token = await tokenOf(handoverKey, subject, detail);
      const { default: encodeQR } = await import("qr");
      const picture = encodeQR(`${location.origin}/xa-vien/ban-giao/${token}/`, "svg");
      setShown({ picture: `data:image/svg+xml,${encodeURIComponent(picture)}`, digits });
    })().catch(() => {}); // without the picture the digits remain
  }, [subject, detail]);
  return (
    shown &&
    html`<div class="stack stack-close" role="status">
      ${shown.picture && html`<p>${t("scan_this")}</p><img class="invitation-code" src=${shown.picture} alt=${t("qr_code")} width="240" height="240" />`}
      <p>${t("read_digits")}</p>
      <p class="money money-large code">${shown.digits.slice(0, 3)} ${shown.digits.slice(3)}</p>
    </div>`
  );
};

const GIVEN_STEPS = {
  packing: ["to_point"],
  packed: ["to_point", "to_driver"],
  failed_delivery: ["to_driver"],
};

// The giver's part of a hand-over. `part` is shown with what waits on this phone.
export const Give = ({ part, position }) => {
  const [shown, setShown] = useState("");
  const parcel = part.parcels[position - 1];
  const named = nameParcel(parcel, position - 1);
  const steps = GIVEN_STEPS[parcel.state] ?? [];
  const offered = outbox.value.find(
    ({ name, payload, state }) =>
      name === "offer_handover" &&
      state !== "refused" &&
      payload.part === part.id &&
      findNamed(part.parcels, payload) === parcel,
  );
  const show = async (step) => {
    const [, , , , earlier] = subjectOf(part, named, step).split(".");
    const payload = { part: part.id, ...named, step, earlier: Number(earlier) };
    const isOffered = offered?.payload.step === step && offered.payload.earlier === payload.earlier;
    const subject = { part: part.id, order: part.order, currency: part.currency };
    const command = { name: "offer_handover", payload, subject, chains: [`part-${part.id}`] };
    if (isOffered || (await changeOutbox(() => addCommands([command])))) setShown(step);
  };
  return html`<div class="stack">
    ${steps.includes(shown) && html`<h4 class="small-head">${nameOf(shown)}</h4><${Code} subject=${subjectOf(part, named, shown)} handoverKey=${part.handover_key} detail=${settings.value.member.id} /><p class="hint">${t("waits_for_receiver")}</p>`}
    ${steps.filter((step) => step !== shown).map((step) => button("qr-code", nameOf(step), () => show(step)))}
  </div>`;
};

const PARCEL = /^([0-9A-Z]+)(?:-(\d{1,4}|[A-Z]{4}))?$/;

// Wrong entries by parcel are counted on the phone as well, because the market hears of them only later.
const triesOf = (code) => Number(sessionStorage.getItem(`tries-${code}`) ?? 0);

// The receiver's part. `onReceived` stores the receipt; `checkCode` returns the text of what is wrong with a code, or what
// is known about its parcel.
export const Receipt = ({ defaultName, checkCode, onReceived, children }) => {
  const [fields, setFields] = useState({
    name: defaultName,
    place: localStorage.getItem("handover-place") ?? "",
    parcel: "",
    digits: "",
  });
  const [token, setToken] = useState(tokenFrom(location.href)),
    [fault, setFault] = useState(""),
    [done, setDone] = useState("");
  const field = (name, attributes = {}) =>
    html`<${Field} id=${`receive-${name}`} name=${`receive_${name}`} value=${fields[name]} onText=${(value) => setFields({ ...fields, [name]: value })} ...${attributes} />`;
  const scanned = (text) => {
    setToken(tokenFrom(text));
    setFault(tokenFrom(text) ? "" : t("foreign_code"));
  };
  const [, order, label] = PARCEL.exec(fields.parcel.toUpperCase().replace(/\s/g, "")) ?? [];
  const digits = fields.digits.replace(/\D/g, "");
  const refuse = (text, isTry) => {
    if (isTry) sessionStorage.setItem(`tries-${order}`, triesOf(order) + 1);
    setFault(isTry && triesOf(order) >= MAX_TRIES ? t("tries_used") : text);
  };
  const confirm = async () => {
    if (!token && triesOf(order) >= MAX_TRIES) return setFault(t("tries_used"));
    if (!token && !isTyped(digits)) return refuse(t("wrong_digits"), true);
    const parcel = isPhoneLabel(label) ? { label } : label ? { number: Number(label) } : {};
    const code = token ? { token } : { order, ...parcel, digits };
    const { text, isTry, ...known } = await checkCode(code);
    if (text) return refuse(text, isTry);
    localStorage.setItem("handover-place", fields.place.trim());
    const payload = { ...code, name: fields.name.trim(), place: fields.place.trim() };
    if (!(await onReceived(payload, known))) return;
    setDone(clock(Date.now()));
    setToken("");
    setFields({ ...fields, parcel: "", digits: "" });
    setFault("");
  };
  const isReady = fields.name.trim() && fields.place.trim() && (token || (order && digits));
  return html`
    ${done && html`<p class="notice good" role="status"><${Icon} name="check" /><span>${t("received", { hour: done })}</span></p>`}
    ${fault && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${fault}</span></p>`}
    ${children}
    ${token ? html`<p class="notice good"><${Icon} name="qr-code" /><span>${t("code_scanned")}</span></p>` : html`<${Scanner} onText=${scanned} />${field("parcel", { maxlength: 24, autocapitalize: "characters" })}${field("digits", { inputmode: "numeric", maxlength: 9 })}`}
    ${field("name", { maxlength: 120 })} ${field("place", { maxlength: 200 })}
    ${button("package-check", t("have_received"), confirm, { isBig: true, isOff: !isReady })}
  `;
};

const openParts = () =>
  rows.value
    .filter(({ kind, handover_key: key }) => kind === "part" && key)
    .map((row) => withPending(row, outbox.value));

// Check a code with the keys on this phone. A code that the market made, or of a part that is not here, is checked later.
const checkOwn = async ({ token, order, digits, label, number }) => {
  const read = token ? readSubject(token) : null;
  const part = openParts().find((row) => (token ? row.id === read?.part : row.order === order));
  if (!part) return {};
  const found = token ? (await isSigned(token, part)) && read : await findByDigits(part, digits, label);
  if (token && !found) return { text: t("foreign_code") };
  // The digits of a parcel that only its phone knows depend on its label.
  if (!found && !label && !number) return { text: t("whole_code") };
  const { step, ...named } = found ?? {};
  const parcel = findNamed(part.parcels, named);
  if (parcel?.state === "voided") return { text: t("handover_cancelled") };
  const isUsed = token && (parcel?.handovers?.[step] ?? 0) !== read.earlier;
  if (
    isUsed ||
    outbox.value.some(
      ({ payload }) =>
        payload.name && (token ? payload.token === token : payload.digits === digits && payload.order === order),
    )
  )
    return { text: t("code_used") };
  return { part, named, step };
};

export const Receive = () => {
  const receive = (payload, { part, named, step }) => {
    const about = part
      ? { part: part.id, order: part.order, currency: part.currency, ...named, step }
      : { name: payload.order ?? "" };
    const chains = part ? [`part-${part.id}`] : [];
    return changeOutbox(() => addCommands([{ name: "receive_parcel", payload, subject: about, chains }]));
  };
  return html`<h2>${t("take_over")}</h2><${Receipt} defaultName=${settings.value.member.name} checkCode=${checkOwn} onReceived=${receive} />`;
};
