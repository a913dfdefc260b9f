// The phone's own database: rows of the cooperative, the commands that wait, and whose phone this is.
import { openDB } from "../../vendor/idb.js";
import { forgetPhotos, removePhotos } from "./photos.js";
import { decode, importKey, sign } from "./pins.js";

// The worker sends what waits once there is a network, also when no page is open, where the browser has Background Sync.
const askForBackgroundSync = () =>
  navigator.serviceWorker?.ready.then(({ sync }) => sync?.register("outbox")).catch(() => {}); // not allowed here

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

// The member at a shared phone, with the key that signs their commands; null while it is locked.
export const readAuthor = async () => (await (await opened).get("settings", "author")) ?? null;

// Pulls that began before the member at the phone changed store nothing after it.
export class MemberChanged extends Error {}
export const readTurn = async () => (await (await opened).get("settings", "turn")) ?? 0;

// Let a member of a shared phone work on it, with the rights of their role; without a member lock the phone. This waits for
// no synchronisation.
export const storeAuthor = async (member, key) => {
  const { store, done } = (await opened).transaction("settings", "readwrite");
  const phone = await store.get("phone");
  if (!phone) return;
  await store.put(((await store.get("turn")) ?? 0) + 1, "turn");
  if (member) {
    const { id, name, role, rights } = member;
    await store.put({ ...phone, member: { id, name, role }, rights, pulledAt: 0 }, "phone");
    await store.put({ member: id, key }, "author");
  } else {
    await store.put({ ...phone, pulledAt: 0 }, "phone");
    await store.delete("author");
  }
  await done;
};

// How often a member's PIN was entered wrongly in a row, and until when the next try waits.
export const readTries = async (id) => (await (await opened).get("settings", `tries-${id}`)) ?? { count: 0, until: 0 };
export const storeTries = async (id, tries) => (await opened).put("settings", tries, `tries-${id}`);

// Whether a member with these rights may see rows of this kind. On a shared phone others may.
export const maySee = (rights, kind) =>
  (kind === "part" ? ["pack"] : ["list", "count"]).some((right) => rights.includes(right));

// Store one page of a pull together with its cursor, so that a killed tab loses neither. On a shared phone each role has a
// cursor of its own, and a new snapshot replaces only rows that the role may see.
export const storePull = async (page, turn) => {
  const { signing_key: text, ...shared } = page.shared_phone ?? {};
  const author = text && { member: page.member.id, key: await importKey(decode(text)) };
  const transaction = (await opened).transaction(["rows", "settings"], "readwrite");
  const rows = transaction.objectStore("rows"),
    settings = transaction.objectStore("settings");
  if (((await settings.get("turn")) ?? 0) !== turn) throw new MemberChanged();
  const earlier = (await settings.get("phone")) ?? {};
  const isOther = earlier.cooperative?.id !== page.cooperative.id;
  for (const [kind, id] of page.is_reset || isOther ? await rows.getAllKeys() : [])
    if (isOther || !author || maySee(page.rights, kind)) await rows.delete([kind, id]);
  for (const row of page.rows) await rows.put(row);
  for (const { kind, id } of page.removed) await rows.delete([kind, id]);
  const { member, cooperative, rights, warehouses, households, certificates, complaints, build } = page;
  const choices = page.choices ?? earlier.choices;
  const market = page.market ?? earlier.market;
  const cursors = { ...(isOther || !author ? {} : earlier.cursors), [member.role]: page.cursor };
  const pulledAt = page.has_more ? 0 : Date.now(); // if the page is closed in between, the next one does not wait
  const phone = {
    member,
    cooperative,
    rights,
    warehouses,
    households,
    certificates,
    complaints,
    choices,
    market,
    cursors,
    build,
    pulledAt,
  };
  await settings.put(author ? { ...phone, shared } : phone, "phone");
  if (author) await settings.put(author, "author");
  else await settings.delete("author");
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

// The phone is no longer shared: forget the rows, who is at it and all PINs, and keep what was not sent.
export const forgetSharing = async () => {
  const transaction = (await opened).transaction(["rows", "settings"], "readwrite");
  const settings = transaction.objectStore("settings");
  await transaction.objectStore("rows").clear();
  for (const name of await settings.getAllKeys()) if (!name.startsWith("draft")) await settings.delete(name);
  await transaction.done;
};

export const forgetAll = async () => {
  await forgetPhotos();
  const transaction = (await opened).transaction(["rows", "outbox", "settings"], "readwrite");
  for (const name of ["rows", "outbox", "settings"]) await transaction.objectStore(name).clear();
  await transaction.done;
  const { forgetRuns } = await import("member/run_store"); // only pages get here, and they have an import map
  await forgetRuns();
  const formerNames = ["seen", "turn"];
  for (const name of ["handover-place", "picked", "lockedOrSwitchedBy", ...formerNames]) localStorage.removeItem(name);
};

// A product that is not finished yet; on a shared phone each member has their own.
const nameDraft = (phone) => (phone?.shared ? `draft-${phone.member.id}` : "draft");
export const readDraft = async () => (await (await opened).get("settings", nameDraft(await readSettings()))) ?? null;
export const storeDraft = async (draft) => (await opened).put("settings", draft, nameDraft(await readSettings()));

// Make a refused new product unfinished again, without its commands.
export const reviseCommand = async (command) => {
  await storeDraft(command.subject.draft);
  await dropCommand(command.key);
};

// Return the keys of photos that waiting commands use, or that commands used which are done.
export const photosOf = async (state) =>
  (await readOutbox()).filter((command) => command.state === state).flatMap(({ payload }) => payload.photos ?? []);

// The market refused a photo, so its product cannot be sent as it is.
export const refusePhoto = async (photo, { code, message }) => {
  const transaction = (await opened).transaction("outbox", "readwrite");
  for (const command of await transaction.store.getAll())
    if (command.state === "waiting" && command.payload.photos?.includes(photo))
      await transaction.store.put({ ...command, state: "refused", code, message, details: {} });
  await transaction.done;
};

const now = () => new Date().toISOString();

const chainsOf = ({ chains, subject }) => chains ?? [`part-${subject.part}`]; // an older build stored none

// Return a command with what the market needs to know who gave it on a shared phone.
const signed = async (author, { key, name, at, payload }) => {
  if (!author) return {};
  const content = JSON.stringify({ key, name, at, payload });
  return { content, signature: await sign(author.key, content) };
};

// Add commands of this phone's member, all or none. Each builds on the last unfinished one of each of its chains, such
// as those about one order.
// `isDraftDone` forgets the unfinished product that they came from.
export const addCommands = async (given, { isDraftDone = false } = {}) => {
  const author = await readAuthor();
  const commands = given.map((command) => ({ key: crypto.randomUUID(), ...command, at: command.at ?? now() }));
  const signatures = await Promise.all(commands.map((command) => signed(author, command)));
  const transaction = (await opened).transaction(["outbox", "settings"], "readwrite");
  const outbox = transaction.objectStore("outbox");
  const store = async () => {
    const phone = await transaction.objectStore("settings").get("phone");
    const { member, cooperative, shared } = phone;
    if (shared && author?.member !== member.id) throw new Error("The phone was locked or changed its member.");
    const unfinished = (await outbox.getAll()).filter(({ state }) => state !== "done").reverse();
    if (isDraftDone) await transaction.objectStore("settings").delete(nameDraft(phone));
    for (const [index, { key, name, payload, subject, chains, at }] of commands.entries()) {
      const last = chains.map((chain) => unfinished.find((earlier) => chainsOf(earlier).includes(chain))?.key);
      const command = {
        key,
        at,
        member: member.id,
        by: member.name,
        cooperative: cooperative.id,
        state: "waiting",
        name,
        payload,
        after: [...new Set(last.filter(Boolean))],
        subject,
        chains,
        ...signatures[index],
      };
      await outbox.add(command);
      unfinished.unshift(command);
    }
  };
  await Promise.all([store(), transaction.done]);
  navigator.storage?.persist?.();
  askForBackgroundSync();
};

// Store the answers to a push with the rows that came with them.
export const storeAnswers = async ({ answers, rows, removed }) => {
  const transaction = (await opened).transaction(["rows", "outbox"], "readwrite");
  const outbox = transaction.objectStore("outbox"),
    byKey = new Map(answers.map((answer) => [answer.key, answer]));
  const commands = await outbox.getAll();
  for (const command of commands) {
    const answer = byKey.get(command.key);
    if (!answer || command.state === "done") continue;
    if (answer.outcome === "later") {
      // What another person's phone has to send first is shown; other reasons pass by themselves.
      if (answer.code === "parcel_not_sent_yet") await outbox.put({ ...command, message: answer.message });
      continue;
    }
    const { outcome: state, code, message, details, result } = answer;
    await outbox.put({ ...command, state, code, message, details, result, answeredAt: Date.now() });
  }
  for (const row of rows) await transaction.objectStore("rows").put(row);
  for (const { kind, id } of removed) await transaction.objectStore("rows").delete([kind, id]);
  const done = (await outbox.getAll()).filter(({ state }) => state === "done");
  const dropped = done.slice(0, -LAST_DONE);
  for (const { number } of dropped) await outbox.delete(number);
  await transaction.done;
  // A tab may have been killed before it deleted them.
  await removePhotos(dropped.flatMap(({ payload }) => payload.photos ?? []));
};

// Delete done commands with their photos, where the phone is too full to store their answers; return how many.
export const deleteDone = async ({ answers }) => {
  const keys = new Set(answers.filter(({ outcome }) => outcome === "done").map(({ key }) => key));
  const transaction = (await opened).transaction("outbox", "readwrite");
  const done = (await transaction.store.getAll()).filter(({ key }) => keys.has(key));
  for (const { number } of done) transaction.store.delete(number);
  await transaction.done;
  await removePhotos(done.flatMap(({ payload }) => payload.photos ?? []));
  return done.length;
};

// Drop a refused command, with the steps of what it should have packed or created. What built on these is sent without.
export const dropCommand = async (key) => {
  const transaction = (await opened).transaction("outbox", "readwrite");
  const commands = await transaction.store.getAll();
  const dropped = new Map(
    commands
      .filter(({ key: own, payload }) => [own, payload.packed_by, payload.created_by].includes(key))
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

// Drop a command that nothing builds on, unless the market has answered it; return whether it was dropped.
export const dropWaiting = async (key) => {
  const transaction = (await opened).transaction("outbox", "readwrite");
  const command = (await transaction.store.getAll()).find((one) => one.key === key && one.state === "waiting");
  if (command) await transaction.store.delete(command.number);
  await transaction.done;
  return Boolean(command);
};

// Send a refused command again as a new one, in its old place.
export const repeatCommand = async (key, payload) => {
  const newKey = crypto.randomUUID();
  const author = await readAuthor();
  const first = (await readOutbox()).find((command) => command.key === key);
  const signature = await signed(author, { ...first, key: newKey, payload });
  const transaction = (await opened).transaction("outbox", "readwrite");
  const renamed = (earlier) => (earlier === key ? newKey : earlier);
  for (const command of await transaction.store.getAll()) {
    if (command.key === key) {
      const { number, name, after, subject, chains, member, by, cooperative, at } = command;
      const again = { number, name, after, subject, chains, member, by, cooperative, at, payload, key: newKey };
      await transaction.store.put({ ...again, ...signature, state: "waiting" });
    } else {
      const { after, payload: named } = command;
      const moved = { ...named };
      for (const name of ["packed_by", "created_by"]) if (name in named) moved[name] = renamed(named[name]);
      await transaction.store.put({ ...command, after: after.map(renamed), payload: moved });
    }
  }
  await transaction.done;
};
