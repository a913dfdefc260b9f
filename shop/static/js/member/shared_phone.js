// Lock a shared phone, also after some minutes without use.
import { readAuthor, readSettings, storeAuthor } from "member/store";

const CHECK_INTERVAL = 10_000; // milliseconds

// Tell the market who works on this phone. With the next request it ends a session of another member.
export const setMemberCookie = (id) => {
  document.cookie = `phone_member=${id}; path=/; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
};

export const recordActivity = () => {
  localStorage.lastActivityAt = Date.now();
};

// Other open tabs show the choice of members as soon as one of them locks the phone or changes its member.
export const notifyOtherTabs = () => {
  localStorage.lockedOrSwitchedBy = crypto.randomUUID();
};
const showSwitch = () => location.assign(document.querySelector("[data-sync-url]").dataset.phoneSwitch);

// Forget who is at the phone at once, then show the choice of members. What is being sent goes on in other tabs and in the
// worker; the rest is sent once the phone is open again.
export const lockPhone = async () => {
  setMemberCookie(0);
  await storeAuthor(null);
  notifyOtherTabs();
  showSwitch();
};

// Lock the phone once nobody has touched it for long enough; the pages of one phone share the time.
export const lockWhenIdle = async () => {
  const check = async () => {
    const { shared } = (await readSettings()) ?? {};
    const lastActivityAt = localStorage.lastActivityAt ?? localStorage.seen ?? 0; // its earlier name
    const idleTime = Math.abs(Date.now() - lastActivityAt); // also if the phone's clock was set back
    const isIdle = shared && idleTime > shared.lock_after * 1000;
    if (isIdle && (await readAuthor())) await lockPhone();
  };
  addEventListener("storage", ({ key }) => key === "lockedOrSwitchedBy" && showSwitch());
  await check();
  recordActivity();
  for (const name of ["pointerdown", "keydown"]) addEventListener(name, recordActivity, true);
  document.addEventListener("visibilitychange", check);
  setInterval(check, CHECK_INTERVAL);
};
