// Turn on alerts for this browser: it subscribes at its push service, and a form takes the subscription to the shop.
(() => {
  "use strict";

  const form = document.querySelector("[data-push-key]"),
    status = form.querySelector("[role=status]");
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    form.hidden = true;
    document.querySelector("[data-no-push]").hidden = false;
    return;
  }

  const say = (text) => {
    status.textContent = text;
    status.hidden = !text;
  };
  const bytesOf = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  };
  const textOf = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  const subscribe = async () => {
    const { pushManager } = await navigator.serviceWorker.ready;
    // A subscription under a former key of the shop would receive nothing.
    const earlier = await pushManager.getSubscription();
    const key = bytesOf(form.dataset.pushKey);
    if (earlier && textOf(earlier.options.applicationServerKey) !== form.dataset.pushKey) await earlier.unsubscribe();
    return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    if ((await Notification.requestPermission()) !== "granted") return say(status.dataset.denied);
    try {
      const subscription = await subscribe();
      form.elements.endpoint.value = subscription.endpoint;
      form.elements.public_key.value = textOf(subscription.getKey("p256dh"));
      form.elements.auth_secret.value = textOf(subscription.getKey("auth"));
    } catch {
      return say(status.dataset.failure);
    }
    form.submit();
  });
})();
