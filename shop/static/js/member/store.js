// The phone's own database: rows of the cooperative, the commands that wait, and whose phone this is.
import { openDB } from "idb";

const LAST_DONE = 20; // commands kept for the list of what has just arrived

const opened = openDB("cho-phien-members", 1, {
  upgrade(db) {
    db.createObjectStore("rows", { keyPath: ["kind", "id"] });
    db.createObjectStore("outbox", { keyPath: "number", autoIncrement: true });
    db.createObjectStore("settings");
  },
});

export const readSettings = async () => (await (await opened).get("settings", "phone")) ?? null;
export const readRows = async () => (await opened).getAll("rows");
export const readOutbox = async () => (await opened).getAll("outbox");

// Store one page of a pull together with its cursor, so that a killed tab loses neither.
export const storePull = async (page) => {
  const transaction = (await opened).transaction(["rows", "settings"], "readwrite");
  const rows = transaction.objectStore("rows"),
    settings = transaction.objectStore("settings");
  const earlier = (await settings.get("phone")) ?? {};
  const isOther = earlier.member?.id !== page.member.id || earlier.cooperative?.id !== page.cooperative.id;
  if (page.is_reset || isOther) await rows.clear();
  for (const row of page.rows) await rows.put(row);
  for (const { kind, id } of page.removed) await rows.delete([kind, id]);
  const { member, cooperative, rights, warehouses, cursor, build } = page;
  const pulledAt = page.has_more ? 0 : Date.now(); // a page that is left in between is no reason to wait
  await settings.put({ member, cooperative, rights, warehouses, cursor, build, pulledAt }, "phone");
  await transaction.done;
};

// A member was removed: forget the rows, and remember for whom the commands were that can no longer be sent.
export const forgetRows = async () => {
  const transaction = (await opened).transaction(["rows", "settings"], "readwrite");
  const settings = transaction.objectStore("settings");
  await transaction.objectStore("rows").clear();
  const phone = await settings.get("phone");
  const { member, cooperative } = phone ?? {};
  if (phone) await settings.put({ member, cooperative, rights: [], pulledAt: 0, isRemoved: true }, "phone");
  await transaction.done;
};

export const forgetAll = async () => {
  const transaction = (await opened).transaction(["rows", "outbox", "settings"], "readwrite");
  for (const name of ["rows", "outbox", "settings"]) await transaction.objectStore(name).clear();
  await transaction.done;
};

const chainsOf = ({ chains, subject }) => chains ?? [`part-${subject.part}`]; // an older build stored none

// Add commands of this phone's member, all or none. Each builds on the last unfinished one of each of its chains, such
// as those about one order.
export const addCommands = async (commands) => {
  const transaction = (await opened).transaction(["outbox", "settings"], "readwrite");
  const outbox = transaction.objectStore("outbox");
  const store = async () => {
    const { member, cooperative } = await transaction.objectStore("settings").get("phone");
    const unfinished = (await outbox.getAll()).filter(({ state }) => state !== "done").reverse();
    for (const { name, payload, subject, chains, at = new Date().toISOString() } of commands) {
      const last = chains.map((chain) => unfinished.find((earlier) => chainsOf(earlier).includes(chain))?.key);
      const command = {
        key: crypto.randomUUID(),
        at,
        member: member.id,
        cooperative: cooperative.id,
        state: "waiting",
        name,
        payload,
        after: [...new Set(last.filter(Boolean))],
        subject,
        chains,
      };
      await outbox.add(command);
      unfinished.unshift(command);
    }
  };
  await Promise.all([store(), transaction.done]);
  navigator.storage?.persist?.();
};

// Store the answers to a push with the rows that came with them.
export const storeAnswers = async ({ answers, rows, removed }) => {
  const transaction = (await opened).transaction(["rows", "outbox"], "readwrite");
  const outbox = transaction.objectStore("outbox"),
    byKey = new Map(answers.map((answer) => [answer.key, answer]));
  const commands = await outbox.getAll();
  for (const command of commands) {
    const answer = byKey.get(command.key);
    if (!answer || answer.outcome === "later" || command.state === "done") continue;
    const { outcome: state, code, message, details, result } = answer;
    await outbox.put({ ...command, state, code, message, details, result, answeredAt: Date.now() });
  }
  for (const row of rows) await transaction.objectStore("rows").put(row);
  for (const { kind, id } of removed) await transaction.objectStore("rows").delete([kind, id]);
  const done = (await outbox.getAll()).filter(({ state }) => state === "done");
  for (const { number } of done.slice(0, -LAST_DONE)) await outbox.delete(number);
  await transaction.done;
};

// Drop a refused command, with the steps of the parcel that it should have packed. What built on these is sent without.
export const dropCommand = async (key) => {
  const transaction = (await opened).transaction("outbox", "readwrite");
  const commands = await transaction.store.getAll();
  const dropped = new Map(
    commands
      .filter((command) => command.key === key || command.payload.packed_by === key)
      .map((command) => [command.key, command]),
  );
  const withoutDropped = (keys) =>
    keys.flatMap((earlier) => (dropped.has(earlier) ? withoutDropped(dropped.get(earlier).after) : [earlier]));
  for (const command of commands) {
    if (dropped.has(command.key)) await transaction.store.delete(command.number);
    else if (command.after.some((earlier) => dropped.has(earlier)))
      await transaction.store.put({ ...command, after: [...new Set(withoutDropped(command.after))] });
  }
  await transaction.done;
};

// Send a refused command again as a new one, in its old place.
export const repeatCommand = async (key, payload) => {
  const transaction = (await opened).transaction("outbox", "readwrite"),
    newKey = crypto.randomUUID();
  const renamed = (earlier) => (earlier === key ? newKey : earlier);
  for (const command of await transaction.store.getAll()) {
    if (command.key === key) {
      const { number, name, after, subject, chains, member, cooperative, at } = command;
      const again = { number, name, after, subject, chains, member, cooperative, at, payload, key: newKey };
      await transaction.store.put({ ...again, state: "waiting" });
    } else if (command.after.includes(key) || command.payload.packed_by === key) {
      const { after, payload: named } = command;
      const moved = named.packed_by === key ? { ...named, packed_by: newKey } : named;
      await transaction.store.put({ ...command, after: after.map(renamed), payload: moved });
    }
  }
  await transaction.done;
};
