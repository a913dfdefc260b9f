// The database of a driver's phone: runs as they were last fetched, and what the driver recorded since.
import { openDB } from "../../vendor/idb.js";

const PATIENCE = 20_000; // milliseconds
const KEPT_FOR = 3 * 24 * 3600_000; // milliseconds after the last fetch
const BATCH_SIZE = 20;

const opened = openDB("cho-phien-runs", 1, {
  upgrade(db) {
    db.createObjectStore("runs", { keyPath: "token" });
    db.createObjectStore("outbox", { keyPath: "number", autoIncrement: true });
  },
});

// Forget runs, all or those that were fetched too long ago. What was not sent stays.
const deleteRuns = async (isDeleted) => {
  const { store, done } = (await opened).transaction("runs", "readwrite");
  for (const run of await store.getAll()) if (isDeleted(run)) await store.delete(run.token);
  await done;
};
export const deleteOldRuns = () => deleteRuns(({ fetchedAt }) => Date.now() - fetchedAt > KEPT_FOR);
export const forgetRuns = () => deleteRuns(() => true);

const readRuns = async () => {
  await deleteOldRuns();
  return (await opened).getAll("runs");
};
export const readRun = async (token) => (await readRuns()).find((run) => run.token === token);
export const readCommands = async (token) =>
  (await (await opened).getAll("outbox")).filter((command) => command.token === token);

// The run that was fetched last, for a QR code that the phone's own camera opened.
export const readLastRun = async () => (await readRuns()).sort((one, other) => other.fetchedAt - one.fetchedAt)[0];

// Tokens of the other runs that the phone holds or has commands for.
export const readOtherTokens = async (token) => {
  const commands = await (await opened).getAll("outbox");
  const held = [...(await readRuns()), ...commands.filter(({ state }) => state === "waiting")];
  return [...new Set(held.map((row) => row.token))].filter((other) => other !== token);
};

// Add a command about a parcel, undefined if the phone cannot tell which. It waits for the parcel's receipt.
export const addCommand = async (token, name, payload, title, parcel) => {
  const key = crypto.randomUUID(),
    at = new Date().toISOString();
  await (await opened).add("outbox", { token, key, at, name, payload, title, parcel, state: "waiting" });
  navigator.storage?.persist?.();
};

// What waits for another phone or for an ended run may never be sent.
export const isDroppable = ({ state, code }) =>
  state === "refused" || ["parcel_not_sent_yet", "run_ended"].includes(code);
export const dropCommand = async ({ number }) => (await opened).delete("outbox", number);

// Store the answers with the run that came with them. Addresses of buyers do not stay after a run.
const storeAnswer = async (token, { answers, csrf_token: _token, ...fetched }) => {
  const transaction = (await opened).transaction(["runs", "outbox"], "readwrite");
  const runs = transaction.objectStore("runs"),
    outbox = transaction.objectStore("outbox");
  const byKey = new Map(answers.map((answer) => [answer.key, answer]));
  for (const command of await outbox.getAll()) {
    const { outcome, code, message } = byKey.get(command.key) ?? {};
    if (outcome === "done") await outbox.delete(command.number);
    else if (outcome === "refused") await outbox.put({ ...command, state: "refused", code, message });
    else if (outcome || (command.token === token && command.code === "run_ended"))
      await outbox.put({ ...command, code, message });
  }
  await runs.put({ ...fetched, token, fetchedAt: Date.now() });
  await transaction.done;
};

// Forget an ended run. What waits is sent when the cooperative reopens it.
const endRun = async (token, { code, message }) => {
  const transaction = (await opened).transaction(["runs", "outbox"], "readwrite");
  const outbox = transaction.objectStore("outbox");
  await transaction.objectStore("runs").delete(token);
  for (const command of await outbox.getAll())
    if (command.token === token && command.state === "waiting") await outbox.put({ ...command, code, message });
  await transaction.done;
};

// Fetch the run, and send what waits; tabs take turns. Returns "ok", "offline", "failing" or "ended".
export const synchroniseRun = (syncUrl, token) =>
  navigator.locks.request("driver-sync", async () => {
    let csrfToken = "";
    const later = new Set(); // keys of commands that the market cannot answer yet: those behind them go on
    // What the driver does with a parcel waits for its receipt. If that is refused, another may have recorded one.
    const readSendable = async () => {
      const held = new Set(); // parcels with a receipt that waits, or with a step that the market cannot answer yet
      const commands = [];
      for (const { key, name, at, payload, parcel = payload.parcel, state } of await readCommands(token)) {
        const isSendable = state === "waiting" && !later.has(key) && !held.has(parcel);
        if (isSendable && commands.length < BATCH_SIZE) commands.push({ key, name, at, payload });
        const isHolding = name === "receive_parcel" || later.has(key);
        if (isHolding && state === "waiting" && parcel) held.add(parcel);
      }
      return commands;
    };
    for (;;) {
      const commands = csrfToken ? await readSendable() : [];
      const options = commands.length
        ? {
            method: "POST",
            headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
            body: JSON.stringify({ clock: new Date().toISOString(), commands }),
          }
        : {};
      let response;
      try {
        response = await fetch(syncUrl, { ...options, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      } catch {
        return "offline";
      }
      if (response.status === 410) {
        await endRun(token, await response.json());
        return "ended";
      }
      if (!response.ok) return "failing";
      const answer = await response.json();
      await storeAnswer(token, answer);
      csrfToken = answer.csrf_token;
      for (const { key, outcome } of answer.answers) if (outcome === "later") later.add(key);
      if (!(await readSendable()).length) return "ok";
    }
  });
