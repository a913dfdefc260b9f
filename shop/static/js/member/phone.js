// What all screens share: texts, icons, the outbox and rows as signals, and sending them.
import { effect, signal } from "@preact/signals";
import { html } from "member/html";
import { withPending } from "member/pending";
import { readPhotos } from "member/photos";
import { addCommands, maySee, readAuthor, readDraft, readOutbox, readRows, readSettings } from "member/store";
import { RESULTS, synchronise } from "member/sync";

const texts = JSON.parse(document.getElementById("phone-texts").textContent);
export const reasons = JSON.parse(document.getElementById("phone-reasons").textContent);
const icons = document.getElementById("phone-icons").content;

export const unusualFactor = Number(document.querySelector("[data-phone-app]").dataset.unusualFactor);

export const settings = signal(null),
  isLocked = signal(false), // a shared phone that nobody has opened
  rows = signal([]),
  outbox = signal([]),
  photos = signal([]),
  draft = signal(null), // a new product that is not finished
  sendingKeys = signal([]),
  isNotStored = signal(false), // the last change, because the phone is full
  newLabel = signal(""), // the letters of a label that has to be printed again
  network = signal(navigator.onLine ? RESULTS.ok : RESULTS.offline);

// Return a text with its %(name)s filled in.
export const t = (name, values = {}) => texts[name].replace(/%\((\w+)\)s/g, (_all, key) => values[key]);

const drawings = Object.fromEntries(
  [...icons.children].map(({ dataset, innerHTML }) => [dataset.icon, { __html: innerHTML }]),
);
export const Icon = ({ name }) => html`<span class="icon-slot" dangerouslySetInnerHTML=${drawings[name]}></span>`;

const language = document.documentElement.lang;
export const money = (amount, currency) =>
  new Intl.NumberFormat(language, { style: "currency", currency }).format(amount);
export const number = (value) => new Intl.NumberFormat(language).format(value);
export const kilograms = (grams) =>
  `${new Intl.NumberFormat(language, { maximumFractionDigits: 3 }).format(grams / 1000)} kg`;
export const clock = (at) =>
  new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
export const shortDay = (day) =>
  new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "2-digit" }).format(new Date(day));
export const weekdayAndDay = (day) =>
  `${new Intl.DateTimeFormat(language, { weekday: "long" }).format(new Date(day))} ${shortDay(day)}`;

const inUnit = (value, unit) =>
  new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" }).format(value);
// Return the time left as the market's pages say it: from two days on only days.
export const timeLeft = (until) => {
  const minutes = Math.max(0, Math.floor((new Date(until) - Date.now()) / 60_000));
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return inUnit(Math.floor(hours / 24), "day");
  const rest = minutes % 60 || !hours ? inUnit(minutes % 60, "minute") : "";
  return [hours ? inUnit(hours, "hour") : "", rest].filter(Boolean).join(" ");
};

// Return the days from today in Vietnam until the day; null without a day.
export const daysUntil = (day) => {
  const now = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Ho_Chi_Minh" }).format(new Date());
  return day ? Math.round((new Date(day) - new Date(now)) / 86_400_000) : null;
};
export const longDay = (day) => day.split("-").reverse().join("/");
// A lot may be sold on the day of expiry.
export const isExpired = ({ expires_on: day }) => Boolean(day) && daysUntil(day) < 0;

// The lines that were picked, in the pick list and in orders; this phone keeps them until they are packed.
export const ticks = signal(new Set(JSON.parse(localStorage.getItem("picked") ?? "[]")));
effect(() => localStorage.setItem("picked", JSON.stringify([...ticks.value])));

export const PAGE_SIZE = 40; // rows of a list that are drawn before the member asks for more

// Return a text without accents and capitals, as people search.
export const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase();

const compareNames = new Intl.Collator(language).compare;

export const products = () =>
  rows.value
    .filter(({ kind }) => kind === "product")
    .map((product) => withPending(product, outbox.value))
    .sort((one, other) => compareNames(one.name, other.name) || one.id - other.id);

// Return the season of months such as "1, 6-9", with bit m-1 set for month m; without months all year.
export const seasonOf = (months) => {
  let season = 0;
  for (const range of (months || "1-12").split(", ")) {
    const [first, last = first] = range.split("-").map(Number);
    for (let month = first; month <= last; month += 1) season |= 1 << (month - 1);
  }
  return season;
};
export const seasonText = (months) => (months ? t("in_months", { months }) : t("all_year"));

export const nameOf = ({ name, step }) => name || step;

// Of several readings at once the last one counts: an earlier one may end later.
let lastReading = 0;
export const reload = async () => {
  const reading = ++lastReading;
  const stored = await Promise.all([readSettings(), readRows(), readOutbox(), readPhotos(), readDraft(), readAuthor()]);
  if (settings.value && !stored[0]) return; // the phone forgets everything, and leaves this page
  if (reading !== lastReading) return;
  const [phone, storedRows, , , , author] = stored;
  [settings.value, , outbox.value, photos.value, draft.value] = stored;
  rows.value = phone?.shared ? storedRows.filter(({ kind }) => maySee(phone.rights, kind)) : storedRows;
  isLocked.value = Boolean(phone?.shared && author?.member !== phone.member.id);
};

export const waiting = () => outbox.value.filter(({ state }) => state === "waiting");
export const refused = () => outbox.value.filter(({ state }) => state === "refused");

export const send = async () => {
  const syncUrl = document.querySelector("[data-sync-url]").dataset.syncUrl;
  network.value = await synchronise(syncUrl, {
    onSending: (keys) => {
      sendingKeys.value = keys;
      reload();
    },
    onProgress: async () => {
      photos.value = await readPhotos();
    },
  });
  await reload();
};

// Change the outbox, show it, and send what waits; return whether the change was stored. A second tap before the first
// one is stored does nothing.
let isStoring = false;
export const changeOutbox = async (change) => {
  if (isStoring) return false;
  isStoring = true;
  try {
    isNotStored.value = await change().then(
      () => false,
      () => true,
    );
    await reload();
  } finally {
    isStoring = false;
  }
  if (!isNotStored.value) send();
  return !isNotStored.value;
};

export const may = (right) => settings.value.rights.includes(right);

export const give = (part, name, payload) => {
  const subject = { part: part.id, order: part.order, currency: part.currency };
  return changeOutbox(() => addCommands([{ name, payload, subject, chains: [`part-${part.id}`] }]));
};

export const giveListing = (listing, name, payload, chains = [`listing-${listing.id}`], more = {}) => {
  const { product, currency } = listing;
  const subject = { product: product.id, name: product.name, listing: listing.id, currency, ...more };
  return changeOutbox(() => addCommands([{ name, payload, subject, chains }]));
};

// Stock in one warehouse is recorded in the order in which it happened.
const stockCommand = ({ product, variant, name, payload, at, chains }) => ({
  name,
  at,
  payload: { variant: variant.id, ...payload },
  subject: { product: product.id, name: product.name, unit: variant.unit },
  chains:
    chains ?? [payload.warehouse, payload.to].filter(Boolean).map((warehouse) => `stock-${variant.id}-${warehouse}`),
});

export const giveStock = (product, variant, name, payload, chains) =>
  changeOutbox(() => addCommands([stockCommand({ product, variant, name, payload, chains })]));

export const giveCounts = (counts) =>
  changeOutbox(() => addCommands(counts.map((count) => stockCommand({ ...count, name: "count_stock" }))));
