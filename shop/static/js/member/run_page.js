// On the driver's page: keep the run on the phone for when there is no network, and send what waits. On the page of an
// ended run: forget it.
import { dropCommand, isDroppable, readCommands, readOtherTokens, synchroniseRun } from "./run_store.js";

const { runSyncUrl: syncUrl, runToken: token } = document.querySelector("[data-run-sync-url]").dataset;

// A reload would lose what was entered into a stop's form.
let isEdited = false;
addEventListener("input", () => {
  isEdited = true;
});
const notice = document.querySelector("[data-run-unsent]");
const buildRow = (command) => {
  const row = document.createElement("li");
  row.textContent = [command.title, command.message].filter(Boolean).join(": ");
  if (!isDroppable(command)) return row;
  row.append(notice.querySelector("template").content.cloneNode(true));
  row.querySelector("button").addEventListener("click", async () => {
    await dropCommand(command);
    row.remove();
    notice.hidden = !notice.querySelector("li");
  });
  return row;
};
const showUnsent = (left) => {
  notice.hidden = !left.length;
  notice.querySelector("ul").replaceChildren(...left.map(buildRow));
};
const send = async () => {
  const waiting = (await readCommands(token)).length;
  const result = await synchroniseRun(syncUrl, token);
  const left = await readCommands(token);
  // What was sent changed the page.
  if (result === "ok" && waiting > left.length && !isEdited) location.reload();
  showUnsent(left);
};

await send();
addEventListener("online", () => (isEdited ? send() : location.reload()));
// Earlier runs that have ended since are forgotten too.
for (const other of await readOtherTokens(token)) await synchroniseRun(syncUrl.replace(token, other), other);
