// Send fewer of a line than were ordered, or none: the buyer pays less or gets the money back.
import { useState } from "preact/hooks";
import { button, NumberField, readCount } from "member/controls";
import { html } from "member/html";
import { changeOutbox, money, t } from "member/phone";
import { Opened } from "member/parts";
import { shareOf } from "member/pending";
import { addCommands } from "member/store";

const loadSubstitute = async () => (await import("member/substitute")).Substitute;

export const Shortage = ({ part, line }) => {
  const [written, setWritten] = useState("");
  const count = readCount(written);
  const missing = count === null ? 0 : line.open - count;
  const openElsewhere = part.lines.some(({ id, open }) => id !== line.id && open > 0);
  const isNothingLeft = count === 0 && !openElsewhere && !part.parcels.length;
  const amount = money(shareOf(line, missing), part.currency);
  const report = () => {
    const subject = { part: part.id, order: part.order, currency: part.currency, missing: `${missing} × ${line.name}` };
    // The market refuses the report if other commands left another quantity open than this one.
    const payload = { part: part.id, available: { [line.id]: count }, seen: { [line.id]: line.open } };
    return changeOutbox(() =>
      addCommands([{ name: "report_shortage", payload, subject, chains: [`part-${part.id}`] }]),
    );
  };
  return html`<div class="stack">
    <${NumberField} id=${`fewer-${line.id}`} name="how_many_can_be_sent" value=${written} unit="/ ${line.amount}" onText=${setWritten} />
    ${missing > 0 && !isNothingLeft && html`<p class="notice wait"><span>${t("buyer_pays_less", { amount })}</span></p>`}
    ${isNothingLeft && html`<p class="notice wait"><span>${t("nothing_left_to_send")}</span></p>`}
    ${button("circle-x", t("tell_buyer_less"), report, { isOff: missing < 1 || isNothingLeft })}
    <${Opened} text="did_offer_substitute" load=${loadSubstitute} part=${part} line=${line} />
  </div>`;
};
