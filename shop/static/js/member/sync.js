// Exchange commands and rows with the market: push what waits, in its order, then pull what changed.
import { forgetRows, readOutbox, readSettings, storeAnswers, storePull } from "member/store";

const AT_ONCE = 20; // commands in one push: a weak network loses little
const PATIENCE = 20_000; // milliseconds
const ALREADY = "member-sync";

// The states of a synchronisation: what the phone may say about the network.
export const RESULTS = {
  fine: "fine",
  offline: "offline",
  failing: "failing",
  signedOut: "signed_out",
  other: "other",
};

class Stopped extends Error {
  constructor(result) {
    super(result);
    this.result = result;
  }
}

// Two tabs take turns; the second finds nothing left to send.
export const synchronise = (door, { onSending = () => {} } = {}) =>
  navigator.locks.request(ALREADY, async () => {
    try {
      let token = await pull(door);
      while (true) {
        const commands = await sendable();
        if (!commands.length) break;
        onSending(commands.map(({ key }) => key));
        const answers = await push(door, commands, token);
        await storeAnswers(answers);
        if (answers.answers.every(({ outcome }) => outcome === "later")) break;
        token = await pull(door);
      }
      return RESULTS.fine;
    } catch (error) {
      if (error instanceof Stopped) return error.result;
      throw error;
    } finally {
      onSending([]);
    }
  });

// Return the waiting commands of the member who is signed in, oldest first. Those that build on a refused one wait.
const sendable = async () => {
  const { member, cooperative } = await readSettings();
  const outbox = await readOutbox();
  const held = new Set(outbox.filter(({ state }) => state === "refused").map(({ key }) => key));
  const commands = [];
  for (const command of outbox) {
    if (command.state !== "waiting" || command.member !== member.id || command.cooperative !== cooperative.id) continue;
    if (command.after.some((key) => held.has(key))) held.add(command.key);
    else if (commands.length < AT_ONCE) commands.push(command);
  }
  return commands;
};

const push = async (door, commands, token) => {
  const { member, cooperative } = await readSettings();
  const body = {
    member: member.id,
    cooperative: cooperative.id,
    clock: new Date().toISOString(),
    commands: commands.map(({ key, name, at, payload, after }) => ({ key, name, at, payload, after })),
  };
  return ask(door, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
};

const pull = async (door) => {
  for (;;) {
    const settings = await readSettings();
    const query = new URLSearchParams({ since: settings?.cursor ?? "" });
    const page = await ask(`${door}?${query}`, {});
    await storePull(page);
    if (!page.has_more) return page.csrf_token;
  }
};

const ask = async (address, options) => {
  let response;
  try {
    response = await fetch(address, { ...options, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok) return await response.json();
  } catch {
    throw new Stopped(RESULTS.offline);
  }
  if (response.status === 401) throw new Stopped(RESULTS.signedOut);
  if (response.status === 409) throw new Stopped(RESULTS.other);
  if (response.status === 404) {
    await forgetRows(); // no longer a member: the commands stay, the rows go
    throw new Stopped(RESULTS.other);
  }
  throw new Stopped(RESULTS.failing);
};
