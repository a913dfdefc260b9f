// The screens for work without a network: Today, and the way to all others.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { screenFor } from "member/addresses";
import { button, Loaded, Outdated, SyncTag, Thumbnail } from "member/controls";
import { html } from "member/html";
import { isToWeigh, Part, PartOfParcel, parts } from "member/parts";
import {
  Icon,
  isLocked,
  isNotStored,
  may,
  network,
  PAGE_SIZE,
  refused,
  reload,
  send,
  settings,
  t,
  timeLeft,
  waiting,
  weekdayAndDay,
} from "member/phone";
import { Listing, Products } from "member/products";
import { isToLabel, stageOf } from "member/pending";

const STAGES = ["accept", "pack", "hand_over", "on_the_way", "collect_cash"];
const TONES = {
  accept: "wait",
  pack: "wait",
  hand_over: "good",
  on_the_way: "info",
  collect_cash: "wait",
  done: "good",
};

const ICONS = { wait: "clock", good: "check", info: "truck" };

const groupByStage = (open) => {
  const byStage = new Map();
  for (const part of open) byStage.set(stageOf(part), [...(byStage.get(stageOf(part)) ?? []), part]);
  return byStage;
};

// The market serves a newer build than this page: commands of both are understood, and both read one database.
const Renewal = () => {
  const { build } = document.querySelector("[data-phone-app]").dataset;
  if (network.value !== "ok" || !settings.value?.build || settings.value.build === build) return null;
  const renew = async () => {
    await send();
    location.reload();
  };
  return html`<div class="notice" role="status"><${Icon} name="refresh-cw" />
    <div class="stack stack-close"><p>${t("renewal")}</p>
      <button class="button button-second button-wide" type="button" onClick=${renew}>${t("renew")}</button></div>
  </div>`;
};

const loadGoodToKnow = async () => (await import("member/good_to_know")).GoodToKnow;

const Today = ({ only }) => {
  const byStage = groupByStage(parts());
  const open = waiting().length + refused().length;
  return html`
    <div class="row row-apart"><p class="strong">${weekdayAndDay(new Date())}</p><${SyncTag} /></div>
    ${network.value !== "ok" && html`<p class="hint">${t("needs_signal")}</p>`}
    ${open > 0 && html`<a class="button button-second button-wide" href="#unsent"><${Icon} name="refresh-cw" /> ${t("see_unsent", { count: open })}</a>`}
    ${STAGES.filter((stage) => byStage.has(stage) && (!only || only === stage)).map(
      (stage) => html`<${Stage} key=${stage} stage=${stage} waiting=${byStage.get(stage)} />`,
    )}
    ${byStage.has("pack") && html`<a class="button button-second button-wide" href="#picks"><${Icon} name="check" /> ${t("pick_list")}</a>`}
    ${!only && (may("list") || may("count")) && html`<${Loaded} load=${loadGoodToKnow} />`}
    ${may("pack") && html`<a class="button button-second button-wide" href="#receive"><${Icon} name="qr-code" /> ${t("take_over")}</a>`}
    ${may("count") && html`<a class="button button-second button-wide" href="#stock"><${Icon} name="scan-line" /> ${t("count_stock")}</a>`}
    ${!parts().length && html`<p class="notice good"><${Icon} name="check" /><span>${t("nothing_to_do")}</span></p>`}
  `;
};

const Stage = ({ stage, waiting: all }) => {
  const [shown, setShown] = useState(PAGE_SIZE);
  return html`<section class="stack">
    <h2>${t(`stage_${stage}`)}</h2>
    <ul class="stack stack-close">
      ${all.slice(0, shown).map((part) => html`<li key=${part.id}><${PartTask} part=${part} stage=${stage} /></li>`)}
    </ul>
    ${all.length > shown && button("plus", t("more"), () => setShown(shown + PAGE_SIZE))}
  </section>`;
};

// By when the part must be accepted or ready, as the market's list says it.
const dueOf = ({ accept_by: acceptBy, ready }, stage) =>
  stage === "accept" ? acceptBy && t("time_left", { time: timeLeft(acceptBy) }) : stage === "pack" && ready;

const pictureOf = ({ lines }) => lines.find(({ picture }) => picture)?.picture;

const PartTask = ({ part, stage }) => html`
  <a class="task ${pictureOf(part) ? "" : "without-picture"} soon" href=${`#part-${part.id}`}>
    ${pictureOf(part) && html`<${Thumbnail} address=${pictureOf(part)} />`}
    <span>
      <b>${t("order", { code: part.order })}</b>
      <small>${part.contents?.join(", ")}</small>
      <small><span class="tag ${TONES[stage]}"><${Icon} name=${ICONS[TONES[stage]]} /> ${dueOf(part, stage) || t(`tag_${stage}`)}</span>${isToLabel(part) && html` <span class="tag info">${t("tag_label")}</span>`}${stage === "pack" && part.lines.some(isToWeigh) && html` <span class="tag wait">${t("tag_weigh")}</span>`}</small>
    </span>
    <${Icon} name="chevron-right" />
  </a>
`;

// A screen whose script is loaded when it is opened.
const loaded = (load) => (properties) => html`<${Loaded} load=${load} ...${properties} />`;
const ofLots = (name) => loaded(async () => (await import("member/lots"))[name]);
const Unsent = loaded(async () => (await import("member/review")).Unsent);
const CountStock = loaded(async () => (await import("member/stock")).CountStock);

const address = () => location.hash || screenFor(location.pathname);

// A screen with its section of the tab bar, its title (without one its first heading), and the screen that it leads
// back to.
const SCREENS = {
  part: { section: "today", back: "#today", text: "back", screen: Part },
  parcel: { section: "today", back: "#today", text: "back", screen: PartOfParcel },
  unsent: { section: "today", title: "unsent", back: "#today", text: "back", screen: Unsent },
  pack: { section: "pack", title: "stage_pack", screen: () => html`<${Today} only="pack" />` },
  picks: {
    section: "pack",
    title: "pick_list",
    back: "#pack",
    text: "back_to_packing",
    screen: loaded(async () => (await import("member/pick_list")).PickList),
  },
  receive: {
    section: "today",
    title: "take_over",
    back: "#today",
    text: "back",
    screen: loaded(async () => (await import("member/handover")).Receive),
  },
  products: { section: "products", title: "products", screen: Products },
  new: {
    section: "products",
    title: "new_product",
    back: "#products",
    text: "back_to_products",
    screen: loaded(async () => (await import("member/new_listing")).NewListing),
  },
  stock: { section: "stock", title: "count_stock", back: "#today", text: "back", screen: CountStock },
  lots: { section: "stock", title: "lots", back: "#stock", text: "back_to_stock", screen: ofLots("Lots") },
  lot: { section: "stock", back: "#lots", text: "back_to_lots", screen: ofLots("Lot") },
  newlot: { section: "stock", title: "new_lot", back: "#lots", text: "back_to_lots", screen: ofLots("NewLot") },
  listing: { section: "products", back: "#products", text: "back_to_products", screen: Listing },
};
const TODAY = { section: "today", title: "today", screen: Today };

const showSection = (section) => {
  for (const tab of document.querySelectorAll("[data-tab]")) {
    const rights = tab.dataset.rights?.split(" ") ?? [];
    tab.hidden = (rights.length && !rights.some(may)) || may(tab.dataset.without);
    if (tab.dataset.tab === section) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
};

let sharedPhone; // the module of a shared phone's screens, which other phones do not load

const Locked = () => {
  useEffect(() => {
    for (const tab of document.querySelectorAll("[data-tab]")) tab.hidden = true;
    document.title = `${t("who_is_working")} · Chợ Phiên`;
  }, []);
  return html`<${sharedPhone.Switch} />`;
};

const Screen = ({ at }) => {
  const [, name, id] = /^#([a-z]+)(?:-(\d+))?$/.exec(at.value) ?? [];
  const { section, title, back, text, screen } = settings.value.isRemoved ? SCREENS.unsent : (SCREENS[name] ?? TODAY);
  useEffect(() => {
    showSection(section);
    document.title = `${title ? t(title) : (document.querySelector("[data-phone-app] h2")?.textContent ?? t("today"))} · Chợ Phiên`;
  }, [at.value, settings.value]);
  return html`
    ${sharedPhone && html`<${sharedPhone.PhoneUser} />`}
    ${back && !settings.value.isRemoved && html`<p><a class="button button-plain" href=${back}><${Icon} name="arrow-left" /> ${t(text)}</a></p>`}
    <${Renewal} />
    ${isNotStored.value && html`<p class="notice bad" role="alert"><${Icon} name="circle-alert" /><span>${t("not_stored")}</span></p>`}
    <${screen} key=${at.value} id=${Number(id)} />
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
  return sharedPhone && isLocked.value ? html`<${Locked} />` : html`<${Screen} at=${at} />`;
};

// The list of today stands in for a page of the market, which has more. It is loaded once there is a network again, but
// not again and again.
const returnToMarket = () => {
  const isStandIn = !location.pathname.endsWith("/offline/") && ["", "#today"].includes(location.hash || address());
  if (!isStandIn || isLocked.value || network.value !== "ok" || waiting().length || refused().length) return;
  if (Date.now() - Number(sessionStorage.getItem("returned")) < 60_000) return;
  sessionStorage.setItem("returned", Date.now());
  location.reload();
};

export const start = async (place) => {
  await reload();
  if (!settings.value) return false;
  const { shared } = settings.value;
  if (shared) sharedPhone = await import("member/switch").catch(() => null);
  document.querySelector("h1").textContent = settings.value.cooperative.name;
  for (const notice of document.querySelectorAll("[data-offline-notice]")) notice.hidden = true;
  place.hidden = false;
  render(shared && !sharedPhone ? html`<${Outdated} />` : html`<${App} />`, place);
  const sendAndReturn = () => send().then(returnToMarket);
  addEventListener("online", sendAndReturn);
  addEventListener("offline", () => {
    network.value = "offline";
  });
  setInterval(() => document.visibilityState === "visible" && sendAndReturn(), 60_000);
  sendAndReturn();
  return true;
};
