// On every members' page: keep the phone's rows fresh, send what waits, and stop a sign-out that would lose work. On the
// offline page: start the screens for work without a network.
import { screenFor } from "member/addresses";
import { lockPhone, lockWhenIdle } from "member/shared_phone";
import {
  forgetAll,
  forgetSharing,
  readAuthor,
  readDraft,
  readOutbox,
  readRows,
  readSettings,
  storeAuthor,
} from "member/store";
import { stopSynchronising, synchronise } from "member/sync";

const FRESH_FOR = 60_000; // milliseconds
const statusBar = document.querySelector("[data-sync-url]");
const syncUrl = statusBar.dataset.syncUrl;
const appRoot = document.querySelector("[data-phone-app]");

// The offline page is cached without cookies, so it learns from the other pages that the member chose large letters.
const page = document.documentElement.classList;
if (!appRoot) sessionStorage.removeItem("packing"); // the market's page is shown, so nothing was packed
if (!appRoot) localStorage.setItem("letters", page.contains("large-type") ? "large" : "");
else if (localStorage.getItem("letters")) page.add("large-type");

const unsent = async () => (await readOutbox()).filter(({ state }) => state !== "done");

const showUnsent = async () => {
  const count = (await unsent()).length + ((await readDraft()) ? 1 : 0);
  statusBar.hidden = !count;
  statusBar.querySelector("[data-count]").textContent = count;
};

const refresh = async () => {
  const settings = await readSettings();
  if (!settings && "phoneFormer" in statusBar.dataset) return; // never a member on this phone
  const { changed } = sessionStorage;
  const age = Date.now() - settings?.pulledAt; // negative if the phone's clock was ahead, and was set right since
  const isFresh = settings && age >= 0 && age < FRESH_FOR && !changed;
  const isPulled = (!isFresh || (await unsent()).length) && (await synchronise(syncUrl)) === "ok";
  // A form that was sent meanwhile may change rows after they were pulled.
  if (isPulled && sessionStorage.changed === changed) delete sessionStorage.changed;
  await showUnsent();
  if (isPulled) (globalThis.requestIdleCallback ?? setTimeout)(loadPictures);
};

// The browser keeps the small pictures of open orders and of products for the screens without a network.
const MAX_PICTURES = 20;
const loadPictures = async () => {
  if (navigator.connection?.saveData) return;
  const rows = await readRows();
  const ofLines = rows.flatMap(({ lines = [] }) => lines.map(({ picture }) => picture));
  const addresses = new Set([...ofLines, ...rows.map(({ picture }) => picture)].filter(Boolean));
  for (const address of [...addresses].slice(0, MAX_PICTURES)) new Image().src = address;
};

// On a shared phone: this page was made for another member than the one whose work the phone records.
const forgetFormerMember = async () => {
  const author = await readAuthor();
  const { phoneMember } = statusBar.dataset;
  if (author && phoneMember && phoneMember !== String(author.member)) await storeAuthor(null);
};

// The market does not know yet who opened the shared phone without a network.
const continueOpened = async () => {
  if (!(await readAuthor())) return;
  if ((await synchronise(syncUrl)) === "ok")
    location.replace(statusBar.dataset.phoneNext || statusBar.dataset.phoneStart);
};

// By its click, because a form is not sent without a network.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-lock] button")) return;
  event.preventDefault();
  lockPhone();
});

// The market ends a signed-out browser's alerts too; a slow push service does not hold up the sign-out.
const endAlerts = async () => {
  const end = async () => {
    const registration = await navigator.serviceWorker?.getRegistration();
    await (await registration?.pushManager?.getSubscription())?.unsubscribe();
  };
  await Promise.race([end().catch(() => {}), new Promise((done) => setTimeout(done, 3_000))]);
};

// A phone that is signed out forgets its rows, and must not forget work that was not sent.
window.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    sessionStorage.changed = crypto.randomUUID(); // the next page brings what this form changes
    if (!form.hasAttribute("data-forget") || form.dataset.forgotten) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const refuseIfUnsent = async () => {
      if (!(await unsent()).length && !(await readDraft())) return false;
      await showUnsent();
      statusBar.scrollIntoView();
      statusBar.querySelector("[data-sign-out-stopped]").hidden = false;
      return true;
    };
    refuseIfUnsent().then(async (isRefused) => {
      if (isRefused) return;
      await stopSynchronising(async () => {
        if (await refuseIfUnsent()) return; // another tab added work while this one waited for its turn
        await forgetAll();
        await endAlerts();
        form.dataset.forgotten = "yes";
        form.requestSubmit(event.submitter);
        await new Promise(() => {}); // until the page is left, so that nothing fetches the rows again
      });
    });
  },
  true,
);

if ("phoneEnded" in statusBar.dataset) await forgetSharing();
await lockWhenIdle();
await forgetFormerMember();
if ((await readSettings())?.shared) endAlerts(); // those of whoever used the phone alone before
const opensHere = appRoot && screenFor(location.pathname);
const notSent = document.querySelector("[data-not-sent]");
const isShown = appRoot && (!notSent || notSent.hidden);
// A driver has no account: the address of the run tells which one, and a scanned code is taken by the last run.
const ofRun = /\/xa-vien\/chuyen-di\/([^/]+)\//.exec(location.pathname)?.[1];
const showRun = async () => {
  const { readLastRun } = await import("member/run_store");
  const token = ofRun ?? ([opensHere, location.hash].includes("#receive") ? (await readLastRun())?.token : null);
  return token && (await import("member/run")).startRun(appRoot, token, !ofRun);
};
if (isShown && ofRun) await showRun();
else if (opensHere && isShown) {
  const { start } = await import("member/screens");
  // Without rows of an earlier visit it shows nothing: only a page of a signed-in member may fetch them.
  if (!(await start(appRoot))) await showRun();
} else if ("phoneEnded" in statusBar.dataset) {
  await showUnsent();
} else if ("phoneLocked" in statusBar.dataset) {
  await continueOpened();
} else {
  addEventListener("online", refresh);
  await refresh();
}
