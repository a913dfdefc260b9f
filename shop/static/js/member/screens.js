// The screens for work without a network: Today, one order, and what has not been sent.
import { render } from "preact";
import { useState } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { html } from "member/html";
import {
  clock,
  give,
  Icon,
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
import { stageOf, withPending } from "member/pending";
import { dropCommand, repeatCommand } from "member/store";

const STAGES = ["accept", "pack", "hand_over", "on_the_way"];
const TONES = { accept: "wait", pack: "wait", hand_over: "good", on_the_way: "info", done: "good" };

const contents = (part) =>
  part.lines.map(
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
      <small>${contents(part).join(", ")}</small>
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
    ${part.parcels.map((parcel) => html`<${Parcel} key=${parcel.id ?? parcel.packed_by} part=${part} parcel=${parcel} />`)}
  `;
};

const Accept = ({ part }) => html`
  <ul>
    ${contents(part).map((text) => html`<li>${text}</li>`)}
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

const Parcel = ({ part, parcel }) => {
  const [vehicle, setVehicle] = useState(""),
    [code, setCode] = useState("");
  const named = parcel.id ? { parcel: parcel.id } : { packed_by: parcel.packed_by };
  const step = (name, payload = {}) => give(part, name, { ...named, ...payload });
  const hasCash = parcel.cash_state === "expected" && !parcel.is_cash_with_carrier;
  const field = (label, value, set) =>
    html`<div class="field">
    <label for=${`${label}-${parcel.number}`}>${t(label)}</label>
    <input class="input" id=${`${label}-${parcel.number}`} value=${value} onInput=${({ target }) => set(target.value)} autocomplete="off" />
  </div>`;
  const button = (icon, text, onClick, isBig = true) =>
    html`<button class="button ${isBig ? "big-action" : "button-second button-wide"}" type="button" onClick=${onClick}><${Icon} name=${icon} /> ${text}</button>`;
  return html`<section class="panel stack">
    <h3>${t("parcel", { number: parcel.number })} <span class="tag">${t(`parcel_${parcel.state}`)}</span></h3>
    ${parcel.cash_expected > 0 && html`<p>${t("cash_expected", { sum: money(parcel.cash_expected, part.currency) })}</p>`}
    ${parcel.state === "packing" && button("tag", t("close"), () => step("close_parcel"))}
    ${
      ["packed", "failed_delivery"].includes(parcel.state) &&
      html`${part.delivery.kind === "coach" && field("vehicle", vehicle, setVehicle)}
    ${button("truck", t(part.delivery.is_collected ? "ready_for_pickup" : "hand_over"), () => step("hand_over_parcel", vehicle ? { vehicle } : {}))}`
    }
    ${
      parcel.state === "handed_over" &&
      html`${parcel.needs_pickup_code && field("code", code, setCode)}
    ${button("check", hasCash ? t("delivered_with_cash", { sum: money(parcel.cash_expected, part.currency) }) : t("delivered"), () => step("deliver_parcel", { is_cash_collected: hasCash, ...(code ? { code } : {}) }))}
    ${hasCash && button("clock", t("delivered_without_cash"), () => step("deliver_parcel", { is_cash_collected: false, ...(code ? { code } : {}) }), false)}`
    }
    ${parcel.state === "delivered" && hasCash && parcel.id && button("banknote", t("cash_collected", { sum: money(parcel.cash_expected, part.currency) }), () => step("report_collected_cash"))}
  </section>`;
};

const title = ({ name, subject, payload }) =>
  `${t(`did_${name}`)}${payload.grams ? ` ${kilograms(payload.grams)}` : ""} · ${t("order", { code: subject.order })}`;

const Command = ({ command }) => {
  const isSending = sendingKeys.value.includes(command.key);
  const [tone, icon, text] = isSending
    ? ["info", "refresh-cw", t("state_sending")]
    : { waiting: ["wait", "clock", t("state_waiting")], done: ["good", "check", t("state_done")] }[command.state];
  return html`<li class="task without-picture ${command.state === "done" ? "done" : "soon"}">
    <span><b>${title(command)}</b><small>${t("at", { hour: clock(command.at) })}</small><small><span class="tag ${tone}"><${Icon} name=${icon} /> ${text}</span></small></span>
  </li>`;
};

const Review = ({ command }) => {
  const decide = async (change) => {
    await change;
    await reload();
    send();
  };
  const confirmed = command.code === "implausible_weight" ? { repeated_grams: command.payload.grams } : {};
  const part = rows.value.find(({ kind, id }) => kind === "part" && id === command.subject.part);
  return html`<section class="panel stack">
    <h2 class="small-head">${title(command)}</h2>
    <span class="tag bad"><${Icon} name="circle-alert" /> ${t("state_refused")}</span>
    <p>${command.message}</p>
    <p class="soft">${part ? t("market_has", { state: t(`tag_${stageOf(part)}`) }) : t("gone")}</p>
    <div class="stack stack-close">
      <button class="button button-second button-wide" type="button" onClick=${() => decide(repeatCommand(command.key, { ...command.payload, ...confirmed }))}>
        ${confirmed.repeated_grams ? t("weight_is_right", { weight: kilograms(confirmed.repeated_grams) }) : t("try_again")}
      </button>
      <button class="button button-second button-wide" type="button" onClick=${() => decide(dropCommand(command.key))}>${t("drop")}</button>
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
    ${at.value !== "#today" && html`<a class="button button-plain" href="#today"><${Icon} name="arrow-left" /> ${t("back")}</a>`}
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
