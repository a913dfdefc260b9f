// Passkey ceremonies between browser and server. Without this file, or in a browser without passkeys, the buttons
// stay hidden, and people sign in by other methods.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytesOf = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  };
  const textOf = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  // Options contain base64url where the browser needs bytes, and its response is encoded in the same way.
  const read = ({ publicKey }) => {
    const named = (list) => (list || []).map((credential) => ({ ...credential, id: bytesOf(credential.id) }));
    const options = { ...publicKey, challenge: bytesOf(publicKey.challenge) };
    if (publicKey.user) options.user = { ...publicKey.user, id: bytesOf(publicKey.user.id) };
    if (publicKey.allowCredentials) options.allowCredentials = named(publicKey.allowCredentials);
    if (publicKey.excludeCredentials) options.excludeCredentials = named(publicKey.excludeCredentials);
    return { publicKey: options };
  };
  const written = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = textOf(credential.response[name]);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: textOf(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    });
  };

  const fieldOf = (form) => form.elements[form.dataset.credential || "credential"];

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.passkey || fieldOf(form).value) return;
    event.preventDefault();
    const status = form.querySelector("[role=status]");
    status.textContent = "";
    try {
      const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      const credential = await navigator.credentials[form.dataset.passkey](read(await answer.json()));
      fieldOf(form).value = written(credential);
      form.submit();
    } catch {
      status.textContent = status.dataset.failure;
    }
  });

  for (const place of document.querySelectorAll("[data-passkeys]")) place.hidden = false;
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-passkey]")) fieldOf(form).value = "";
  });
})();
