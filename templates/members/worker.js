{% load static %}// Shows the market's own page where there is no network.
// It keeps that page and what it is drawn with, nothing else.
"use strict";

const KEPT = "cho-phien-offline-1"; // the market's worker keeps its own under other names
const PAGE = "{% url "offline" %}";
const FILES = [
  PAGE,
  "{% static "css/tokens.css" %}",
  "{% static "css/components.css" %}",
  "{% static "illustrations/empty-tray.svg" %}",
  "{% static "illustrations/hem.svg" %}",
  "{% static "illustrations/logo-light.svg" %}",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => names.filter((name) => name.startsWith("cho-phien-offline-") && name !== KEPT))
      .then((names) => Promise.all(names.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(PAGE, { ignoreVary: true })));
  } else if (FILES.includes(new URL(event.request.url).pathname)) {
    event.respondWith(fetch(event.request).catch(() => caches.match(event.request, { ignoreVary: true })));
  }
});
