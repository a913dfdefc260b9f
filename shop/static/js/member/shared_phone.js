// Lock a shared phone, also after some minutes of rest.
import { readAuthor, readSettings, storeAuthor } from "member/store";

const CHECKED_EVERY = 10_000; // milliseconds

// The market ends the session of anybody else with the next request.
export const nameMember = (id) => {
  document.cookie = `phone_member=${id}; path=/; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
};

export const noteUse = () => {
  localStorage.seen = Date.now();
};

// Other open tabs show the choice of members as soon as one of them locks the phone or changes its member.
export const tellTabs = () => {
  localStorage.turn = crypto.randomUUID();
};
const showSwitch = () => location.assign(document.querySelector("[data-sync-url]").dataset.phoneSwitch);

// Forget who is at the phone at once, then show the choice of members. What is being sent goes on in other tabs and in the
// worker; the rest is sent once the phone is open again.
export const lockPhone = async () => {
  nameMember(0);
  await storeAuthor(null);
  tellTabs();
  showSwitch();
};

// Lock the phone once nobody has touched it for long enough; the pages of one phone share the time.
export const watchRest = async () => {
  const check = async () => {
    const { shared } = (await readSettings()) ?? {};
    const rest = Math.abs(Date.now() - (localStorage.seen ?? 0)); // also if the phone's clock was set back
    const isResting = shared && rest > shared.lock_after * 1000;
    if (isResting && (await readAuthor())) await lockPhone();
  };
  addEventListener("storage", ({ key }) => key === "turn" && showSwitch());
  await check();
  noteUse();
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, noteUse, true);
  document.addEventListener("visibilitychange", check);
  setInterval(check, CHECKED_EVERY);
};
