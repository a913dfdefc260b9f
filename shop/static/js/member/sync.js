// Exchange commands and rows with the market: push what waits, in its order, then pull what changed.
import { readPhotos, removePhotos, sendPhoto } from "./photos.js";
import { sign } from "./pins.js";
import {
  deleteDone,
  forgetRows,
  forgetSharing,
  MemberChanged,
  photosOf,
  readAuthor,
  readOutbox,
  readSettings,
  readTurn,
  refusePhoto,
  storeAnswers,
  storeAuthor,
  storePull,
} from "./store.js";

const BATCH_SIZE = 20; // commands in one push: a weak network loses little
const REQUEST_TIMEOUT = 20_000; // milliseconds
const SYNC_LOCK = "member-sync";

// The states of a synchronisation: what the phone may say about the network.
export const RESULTS = {
  ok: "ok",
  full: "full",
  offline: "offline",
  failing: "failing",
  signedOut: "signed_out",
  other: "other",
};

class Stopped extends Error {
  constructor(result, refusal = null) {
    super(result);
    this.result = result;
    this.refusal = refusal;
  }
}

let pullAbort = new AbortController();

// Run an action while no tab synchronises. Stop a pull of this tab, whose rows would be stored after the action.
export const stopSynchronising = (action) => {
  pullAbort.abort();
  pullAbort = new AbortController();
  return navigator.locks.request(SYNC_LOCK, action);
};

const isOfFullPhone = ({ name }) => name === "QuotaExceededError";

// Return whether something was stored, false if the phone is full.
const isStored = (storing) =>
  storing.then(
    () => true,
    (error) => {
      if (!isOfFullPhone(error)) throw error;
      return false;
    },
  );

// Tabs and the worker take turns; the second finds nothing left to send.
export const synchronise = (syncUrl, { onSending = () => {}, onProgress = () => {} } = {}) =>
  navigator.locks.request(SYNC_LOCK, async () => {
    const { signal } = pullAbort;
    try {
      let { token, isFull } = await pull(syncUrl, signal);
      const postponed = new Set(); // keys of commands that the market could not answer: those behind them go on
      while (true) {
        const commands = await sendable(postponed);
        if (!commands.length) {
          if (await sendPhotos(syncUrl, token, onProgress)) continue;
          break;
        }
        onSending(commands.map(({ key }) => key));
        const answers = await push(syncUrl, commands, token);
        if (await isStored(storeAnswers(answers))) await removePhotos(await photosOf("done"));
        else if (!(await deleteDone(answers))) return RESULTS.full;
        const isAnyAnswered = answers.answers.some(({ outcome }) => outcome !== "later");
        if (isAnyAnswered) {
          postponed.clear(); // what waited for these may go now
          ({ token, isFull } = await pull(syncUrl, signal));
        } else for (const { key } of answers.answers) postponed.add(key);
      }
      return isFull ? RESULTS.full : RESULTS.ok;
    } catch (error) {
      if (isOfFullPhone(error)) return RESULTS.full;
      if (error instanceof MemberChanged) return RESULTS.other;
      if (error instanceof Stopped) return error.result;
      throw error;
    } finally {
      onSending([]);
    }
  });

// Send what waits, if anything does; the worker calls this. Without open tabs nobody needs fresh rows.
export const sendWaiting = async (syncUrl) =>
  (await readOutbox()).some(({ state }) => state === "waiting") ? synchronise(syncUrl) : RESULTS.ok;

// Return the waiting commands of the member who is signed in, on a shared phone those of all its members, oldest first.
// Commands that build on a refused one wait, as do new products until their photos have arrived. `postponed` has the
// keys of commands that this synchronisation has sent in vain.
const sendable = async (postponed) => {
  const { member, cooperative, shared } = await readSettings();
  const outbox = await readOutbox();
  const held = new Set(outbox.filter(({ state }) => state === "refused").map(({ key }) => key));
  const photos = new Map((await readPhotos()).map((photo) => [photo.key, photo]));
  const commands = [];
  for (const command of outbox) {
    const isTheirs = command.member === member.id || (shared && command.signature);
    if (command.state !== "waiting" || !isTheirs || command.cooperative !== cooperative.id) continue;
    const isPhotoMissing = command.payload.photos?.some((key) => !photos.get(key)?.isComplete);
    if (postponed.has(command.key) || isPhotoMissing || command.after.some((key) => held.has(key)))
      held.add(command.key);
    else if (commands.length < BATCH_SIZE) commands.push(command);
  }
  return commands;
};

// Send the photos of waiting commands, once nothing else can be sent; return whether one more arrived or was refused.
const sendPhotos = async (syncUrl, token, onProgress) => {
  const { cooperative, rights } = await readSettings();
  if (!rights.includes("count")) return false; // on a shared phone they wait for a member who may add photos
  const kept = new Map((await readPhotos()).map((photo) => [photo.key, photo]));
  const wanted = (await photosOf("waiting")).map((key) => kept.get(key));
  const photos = wanted.filter((photo) => photo && !photo.isComplete && !photo.refusal);
  const post = async ({ key, size }, start, body) => {
    onProgress();
    const query = new URLSearchParams({ cooperative: cooperative.id, size, start });
    const headers = { "Content-Type": "application/octet-stream", "X-CSRFToken": token };
    try {
      return await fetchJson(`${syncUrl}anh/${key}/?${query}`, { method: "POST", headers, body });
    } catch (error) {
      if (!error.refusal) throw error;
      await refusePhoto(key, error.refusal);
      return { refusal: error.refusal };
    }
  };
  for (const photo of photos) await sendPhoto(photo, post);
  onProgress();
  const after = new Map((await readPhotos()).map((photo) => [photo.key, photo]));
  return photos.some(({ key }) => after.get(key).isComplete || after.get(key).refusal);
};

// A signed text that names a refused command keeps its key when the command is repeated under another one.
const repeatOf = ({ content, payload }) => {
  const [signed, current] = [JSON.parse(content).payload, payload].map(
    ({ packed_by: packedBy, created_by: createdBy }) => packedBy ?? createdBy,
  );
  return signed === current ? {} : { repeated_as: current };
};

const push = async (syncUrl, commands, token) => {
  const { member, cooperative, shared } = await readSettings();
  const body = {
    member: member.id,
    cooperative: cooperative.id,
    clock: new Date().toISOString(),
    commands: commands.map((command) => {
      const { key, name, at, payload, after, member: author, content, signature } = command;
      return shared && signature
        ? { member: author, content, signature, after, ...repeatOf(command) }
        : { key, name, at, payload, after };
    }),
  };
  return fetchJson(syncUrl, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
};

// Store what changed, and return the token of the next push. A full phone stores no rows, and still sends what waits.
const pull = async (syncUrl, signal) => {
  for (;;) {
    const turn = await readTurn();
    const settings = await readSettings();
    const query = new URLSearchParams({
      since: settings?.cursors?.[settings.member.role] ?? "",
      choices: settings?.choices?.version ?? "",
      market: settings?.market?.version ?? "",
    });
    const page = await fetchJson(`${syncUrl}?${query}`, { signal });
    const isFull = !(await isStored(storePull(page, turn)));
    if (isFull || !page.has_more) return { token: page.csrf_token, isFull };
  }
};

// Start the market's session of the member who opened a shared phone without a network; return whether it did. A member who
// may not work on it any more is locked out.
const resume = async (address, { challenge, csrf_token: token }) => {
  const author = await readAuthor();
  if (!challenge || !author) return false;
  const signature = await sign(author.key, `resume:${challenge}`);
  const body = { member: author.member, challenge, signature, in_background: !globalThis.document };
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  const request = { method: "POST", headers, body: JSON.stringify(body), signal: AbortSignal.timeout(REQUEST_TIMEOUT) };
  const response = await fetch(address.replace(/dong-bo\/.*/, "may-chung/tiep/"), request).catch(() => null);
  if (!response) throw new Stopped(RESULTS.offline);
  const { code } = response.status === 403 ? await response.json().catch(() => ({})) : {}; // an old token has no code
  if (["missing", "unproven_member"].includes(code)) await storeAuthor(null);
  return response.ok;
};

const fetchJson = async (address, { signal, ...options }) => {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT);
  let response;
  try {
    response = await fetch(address, {
      ...options,
      cache: "no-store",
      signal: signal && AbortSignal.any ? AbortSignal.any([timeout, signal]) : timeout, // browsers before 2024 have no `any`
    });
    if (response.ok) return await response.json();
  } catch {
    throw new Stopped(RESULTS.offline);
  }
  if (response.status === 401) {
    if (await resume(address, await response.json().catch(() => ({}))))
      return fetchJson(address, { signal, ...options });
    throw new Stopped(RESULTS.signedOut);
  }
  if (response.status === 410) {
    await forgetSharing();
    throw new Stopped(RESULTS.signedOut);
  }
  if (response.status === 409) throw new Stopped(RESULTS.other);
  if (response.status === 404) {
    await forgetRows(); // no longer a member: the commands stay, the rows go
    throw new Stopped(RESULTS.other);
  }
  const refusal = response.status === 400 ? await response.json().catch(() => null) : null;
  throw new Stopped(RESULTS.failing, refusal);
};
