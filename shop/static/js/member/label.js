// A parcel's label, drawn and printed without a network on A6 or on rolls of 80 and 58 mm.
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { button } from "member/controls";
import { html } from "member/html";
import { Icon, money, settings, t } from "member/phone";

const PAPERS = { a6: "A6", 80: "80 mm", 58: "58 mm" };

// The code leads members to the parcel, or to its order as long as only this phone knows the parcel.
const addressOf = (part, { id }) => `${location.origin}/xa-vien/${id ? `kien/${id}` : `goi/${part.id}`}/`;

const Sheet = ({ part, parcel, code, pictures }) => {
  const [picture, ...lotPictures] = pictures;
  const { name, location: place, phone } = settings.value.cooperative;
  const { buyer, delivery } = part;
  const cash = parcel.cash_state === "expected" ? parcel.cash_expected : 0;
  return html`<article class="sheet">
    <header><p class="shop">Chợ Phiên</p><h4 class="code strong">${code}</h4></header>
    <section class="small"><p class="label">${t("label_from")}</p>
      <p><b>${name}</b>${place && `, ${place}`}<br />${phone}</p></section>
    <section class="to"><p class="label">${t("label_to")}</p><b>${buyer.name}</b><p class="phone">${buyer.shown_phone}</p>
      <p>${delivery.is_pickup ? `${t("label_pickup")} ${delivery.pickup_place}` : buyer.address}</p></section>
    <section class="small"><p class="label">${t("label_contents")}</p><p>${parcel.contents?.join(", ")}</p>
      ${
        lotPictures.length > 0 &&
        html`<p class="label">${t("label_trace")}</p>
        <ul class="lot-codes">${parcel.lots.map(({ code: lot }, at) => html`<li key=${lot}><img class="lot-qr" src=${lotPictures[at]} alt=${`${t("label_lot_qr")} ${lot}`} width="80" height="80" /><br />${lot}</li>`)}</ul>`
      }</section>
    <div class="foot"><div><p class="label">${t("label_cash")}</p>
      <p class="money">${cash === null ? "?" : money(cash, part.currency)}</p>
      <p class="small">${delivery.name}</p></div>
      ${picture && html`<img class="qr" src=${picture} alt=${t("label_qr")} width="120" height="120" />`}</div>
  </article>`;
};

// Print only the label: its stylesheet and its page are there until the browser has printed.
const print = async (paper, sheet, hasLots) => {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.media = "print";
  style.href = document.querySelector("[data-phone-app]").dataset.labelStyle;
  const page = document.createElement("div");
  page.className = hasLots ? "label-page with-lots" : "label-page";
  render(sheet, page);
  const loaded = new Promise((done) => {
    style.onload = done;
    style.onerror = done;
  });
  document.head.append(style);
  document.body.append(page);
  const names = ["prints-label", `paper-${paper}`, ...(hasLots ? ["prints-lots"] : [])];
  document.body.classList.add(...names);
  await loaded;
  addEventListener(
    "afterprint",
    () => {
      style.remove();
      page.remove();
      document.body.classList.remove(...names);
    },
    { once: true },
  );
  globalThis.print();
};

export const Label = ({ part, parcel, code }) => {
  const [paper, setPaper] = useState(localStorage.getItem("label-paper") ?? "a6");
  const [pictures, setPictures] = useState([]);
  const addresses = [addressOf(part, parcel), ...(parcel.lots ?? []).map(({ trace }) => trace)];
  useEffect(() => {
    import("qr")
      .then(({ default: encodeQR }) =>
        setPictures(addresses.map((address) => `data:image/svg+xml,${encodeURIComponent(encodeQR(address, "svg"))}`)),
      )
      .catch(() => {}); // without the pictures the codes remain
  }, [addresses.join(" ")]);
  const choose = (name) => {
    localStorage.setItem("label-paper", name);
    setPaper(name);
  };
  const sheet = html`<${Sheet} part=${part} parcel=${parcel} code=${code} pictures=${pictures} />`;
  return html`<div class="stack">
    ${sheet}
    <fieldset class="field"><legend>${t("label_paper")}</legend>
      <div class="keypad">
        ${Object.entries(PAPERS).map(
          ([name, text]) =>
            html`<label class="filter" key=${name}><input type="radio" name=${`paper-${part.id}`} checked=${paper === name} onChange=${() => choose(name)} />${text}</label>`,
        )}
      </div></fieldset>
    ${button("printer", t("print_label"), () => print(paper, sheet, parcel.lots?.length > 0), { isBig: parcel.state === "packing" })}
    ${!parcel.id && html`<p class="hint"><${Icon} name="circle-alert" /> ${t("label_hint")}</p>`}
  </div>`;
};
