// Photos of products: made smaller, kept on the phone, and sent in pieces that go on where they stopped.
import { openDB } from "../../vendor/idb.js";

const MAX_SIDE = 1600; // pixels; the market shows no larger ones
const QUALITY = 0.8;
const PIECE = 48 * 1024; // bytes

// A database of its own, so that pages of an older build keep the other one open.
const opened = openDB("cho-phien-member-photos", 1, {
  upgrade(db) {
    db.createObjectStore("photos", { keyPath: "key" });
    db.createObjectStore("contents");
  },
});

// Return a smaller photo; one that this browser cannot read is kept as it is, and the market reports its error.
const shrink = async (file) => {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const smaller = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  return smaller && smaller.size < file.size ? smaller : file;
};

// Keep a photo on this phone and return its key.
export const keepPhoto = async (file) => {
  const smaller = await shrink(file).catch(() => file);
  const content = await smaller.arrayBuffer();
  const photo = { key: crypto.randomUUID(), type: smaller.type, size: smaller.size, sent: 0, isComplete: false };
  const transaction = (await opened).transaction(["photos", "contents"], "readwrite");
  await Promise.all([
    transaction.objectStore("photos").add(photo),
    transaction.objectStore("contents").add(content, photo.key),
    transaction.done,
  ]);
  navigator.storage?.persist?.();
  return photo.key;
};

export const readPhotos = async () => (await opened).getAll("photos");
export const readContent = async (key) => (await opened).get("contents", key);

export const removePhotos = async (keys) => {
  const transaction = (await opened).transaction(["photos", "contents"], "readwrite");
  for (const key of keys) {
    transaction.objectStore("photos").delete(key);
    transaction.objectStore("contents").delete(key);
  }
  await transaction.done;
};

export const forgetPhotos = async () => removePhotos((await readPhotos()).map(({ key }) => key));

const changePhoto = async (photo, change) => (await opened).put("photos", { ...photo, ...change });

// Send a photo from where it stopped. `post` sends a piece and returns the answer; a refusal of the photo is kept with it.
export const sendPhoto = async (photo, post) => {
  const content = await readContent(photo.key);
  let start = photo.sent;
  for (;;) {
    const answer = await post(photo, start, content.slice(start, start + PIECE));
    if (answer.refusal) return changePhoto(photo, { refusal: answer.refusal });
    await changePhoto(photo, { sent: answer.received, isComplete: answer.is_complete });
    if (answer.is_complete || (answer.received === start && start < photo.size)) return undefined;
    start = answer.received;
  }
};
