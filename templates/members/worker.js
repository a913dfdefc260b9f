{% load static %}// Shows the members' offline page without a network, also after a form that was sent without one.
// It caches only that page with its styles and fonts. It also shows alerts and, as a module, sends what waits.
{% if is_module %}import { deleteOldRuns } from "{% static "js/member/run_store.js" %}";
import { sendWaiting } from "{% static "js/member/sync.js" %}";
{% else %}"use strict";
{% endif %}
const CACHE_NAME = "cho-phien-offline-{{ build }}"; // the market's worker uses other names
const LANGUAGES = [{% for language in languages %}
  { start: "{{ language.start }}", offline: "{{ language.offline }}" },{% endfor %}
];
const FILES = [{% for file in files %}"{{ file|escapejs }}", {% endfor %}];

const cachedAnswer = (address) => caches.open(CACHE_NAME).then((cache) => cache.match(address, { ignoreVary: true }));

self.addEventListener("install", (event) => {
  // Without cookies the page has no personal data.
  const files = [...FILES, ...LANGUAGES.map(({ offline }) => new Request(offline, { credentials: "omit" }))];
  event.waitUntil(caches.open(CACHE_NAME).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => names.filter((name) => name.startsWith("cho-phien-offline-") && name !== CACHE_NAME))
      .then((names) => names.slice(0, -1)) // open pages load further scripts of the build before
      .then((names) => Promise.all(names.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
{% if is_module %}
  // Buyers' addresses on a driver's phone end in time, whichever page is opened.
  if (request.mode === "navigate") event.waitUntil(deleteOldRuns().catch(() => {})); // there may be no database
{% endif %}
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => offlinePage(request)));
  else if (request.method === "GET" && origin === location.origin && FILES.includes(pathname)) {
    event.respondWith(fetch(request).catch(() => cachedAnswer(pathname)));
  } else if (request.destination === "script" && origin === location.origin) {
    event.respondWith(caches.match(pathname, { ignoreVary: true }).then((answer) => answer ?? fetch(request)));
  }
});

// Reload the requested page by its URL; a sent form leads back to its page.
async function offlinePage(request) {
  const { pathname } = new URL(request.url);
  const { start, offline } = LANGUAGES.findLast((language) => pathname.startsWith(language.start));
  const answer = await cachedAnswer(offline);
  if (request.method === "GET") return answer;
  const text = (await answer.text())
    .replace(/ data-not-sent hidden/, "")
    .replace(/ data-not-loaded/, "$& hidden")
    .replace(/href="" data-retry/, `href="${(request.referrer || start).replaceAll('"', "%22")}"`);
  return new Response(text, { headers: { "Content-Type": answer.headers.get("Content-Type") } });
}

// Alerts: show what the shop sent, and open its page when it is tapped.
self.addEventListener("push", (event) => {
  const { title, body, url, tag } = event.data.json();
  const options = { body, tag, renotify: true, data: { url }, icon: "{{ icon }}", badge: "{{ icon }}" };
  event.waitUntil(Promise.all([
    self.registration.showNotification(title, options),
    self.clients.matchAll({ type: "window" })
      .then((pages) => pages.forEach((page) => page.postMessage({ spokenAlert: `${title}. ${body}` }))),
  ]));
});

self.addEventListener("notificationclick", (event) => {
  const address = new URL(event.notification.data.url, location.origin).href;
  event.notification.close();
  event.waitUntil(
    // A page that shows something else may hold a form that is half filled in, so it stays.
    self.clients.matchAll({ type: "window" })
      .then((pages) => pages.find(({ url }) => url === address)?.focus() ?? self.clients.openWindow(address)),
  );
});
{% if is_module %}
// Background Sync: a rejected promise makes the browser try again later.
self.addEventListener("sync", (event) => {
  if (event.tag !== "outbox") return;
  event.waitUntil(sendWaiting("{{ sync_url }}").then((result) => {
    if (["offline", "failing"].includes(result)) throw new Error(result);
  }));
});
{% endif %}