// What a member tells a buyer: a message to copy, and the ways to send it.
import { useState } from "preact/hooks";
import { button } from "member/controls";
import { html } from "member/html";
import { Icon, rows, t, waiting } from "member/phone";

const news = JSON.parse(document.getElementById("phone-buyer-news").textContent);

// What is missing, also what waits on this phone.
const missingOf = ({ id, missing_items: known = [] }) => {
  const reported = waiting().filter(({ name, subject }) => name === "report_shortage" && subject.part === id);
  return [...known, ...reported.map(({ subject }) => subject.missing)];
};

// A question that the buyer can answer. One that waits on this phone has no link yet.
const questionOf = (part) => {
  const { lines } = rows.value.find(({ kind, id }) => kind === "part" && id === part.id) ?? part;
  if (lines.some(({ asked_grams: grams }) => grams)) return "weight_asked";
  return lines.some(({ is_substitute_asked: isAsked }) => isAsked) && "substitute_asked";
};

// Return the message about a part as it is now, in the language of its order, as the market's page words it.
const messageOf = (part) => {
  const { language, buyer, parcels, delivery } = part;
  const question = questionOf(part),
    missing = missingOf(part);
  const hasLeft = ["handed_over", "failed_delivery", "delivered"].some((state) =>
    parcels.some((parcel) => parcel.state === state),
  );
  const texts = news[language] ?? news.vi;
  const inState = (state) => parcels.find((parcel) => parcel.state === state);
  const gone = inState("handed_over");
  const driver = gone?.driver_phone?.replace("+84", "0");
  const carriage = gone && [gone.carrier, gone.vehicle, driver].filter(Boolean).join(", ");
  const first =
    texts[question] || (missing.length && !hasLeft && texts.missing.replace("%(missing)s", missing.join(", ")));
  if (first) return `${buyer.greeting} ${first}`;
  const last = inState("failed_delivery")
    ? texts.failed_delivery
    : gone && delivery.is_pickup
      ? texts.ready
      : gone
        ? [texts.handed_over, carriage && texts.carried_by.replace("%(carriage)s", carriage)].filter(Boolean).join(" ")
        : inState("delivered")
          ? texts.delivered
          : texts.preparing;
  return `${buyer.greeting} ${last}`;
};

export const Message = ({ part }) => {
  const [isCopied, setCopied] = useState(false);
  const message = messageOf(part);
  const copy = async () => {
    await navigator.clipboard.writeText(message);
    setCopied(true);
  };
  const { phone } = part.buyer;
  return html`<div class="stack stack-close">
    <p class="notice">${message}</p>
    ${button("copy", t("copy_message"), copy)}
    <p role="status">${isCopied && t("copied")}</p>
    <a class="button button-second button-wide" href=${`https://zalo.me/${phone.replace(/[+ ]/g, "")}`} rel="noopener noreferrer" target="_blank"><${Icon} name="message-circle" /> Zalo</a>
    <a class="button button-second button-wide" href=${`sms:${phone}?&body=${encodeURIComponent(message)}`}><${Icon} name="phone" /> ${t("text_message")}</a>
  </div>`;
};
