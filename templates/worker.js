// Show visited public pages without a network, or else the market's offline page. It caches no personal data, only
// pages that the server marks as the same for every visitor. Pictures come from the browser's own cache, which keeps
// them for good.
"use strict";

const CACHE_NAME = "cho-phien-market-{{ build }}";
const MOST = 40; // pages
const MOST_OFFERED = 6; // products on the offline page
const DAY = 24 * 60 * 60 * 1000;
const FILES = [{% for file in files %}"{{ file|escapejs }}", {% endfor %}];
const LANGUAGES = [{% for language in languages %}
  {
    code: "{{ language.code }}",
    home: "{{ language.home }}",
    offline: "{{ language.offline }}",
    words: "{{ language.words|escapejs }}",
  },{% endfor %}
];
const OTHER_DOORS = [{% for path in other_doors %}"{{ path }}", {% endfor %}];
const SEEN_AT = "X-Seen-At";

const languageOf = (path) => LANGUAGES.findLast(({ home }) => path.startsWith(home));
const cachedAnswer = (request) => caches.match(request, { ignoreVary: true });

self.addEventListener("install", (event) => {
  const files = [...FILES, ...LANGUAGES.map(({ offline }) => new Request(offline, { credentials: "omit" }))];
  event.waitUntil(caches.open(CACHE_NAME).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const isOld = (name) => name.startsWith("cho-phien-market-") && name !== CACHE_NAME;
  event.waitUntil(Promise.all([
    caches.keys().then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name)))),
    self.registration.navigationPreload?.enable(),
    self.clients.claim(),
    keepFirstPages(),
  ]));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || OTHER_DOORS.some((path) => pathname.startsWith(path))) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (request.method === "GET" && FILES.includes(pathname))
    event.respondWith(fetch(request).catch(() => cachedAnswer(request)));
});

// The network first: the cache is only used without one.
async function page(event) {
  const { request } = event;
  try {
    const answer = (await event.preloadResponse) ?? await fetch(request);
    if (request.method === "GET" && answer.ok && !answer.redirected) event.waitUntil(keep(request.url, answer.clone()));
    return answer;
  } catch {
    const kept = request.method === "GET" && await cachedAnswer(request.url);
    return kept && kept.headers.has(SEEN_AT) ? asItWas(kept, request.url) : offlinePage(request);
  }
}

// Reload the requested page by its URL; a sent form leads back to its page.
async function offlinePage(request) {
  const { home, offline } = languageOf(new URL(request.url).pathname);
  const answer = await cachedAnswer(offline);
  const products = await seenProducts(`${home}san-pham/`);
  if (request.method === "GET" && !products.length) return answer;
  let text = await answer.text();
  if (products.length)
    text = text
      .replace(/ data-seen hidden>/, ">")
      .replace(/<ul[^>]*data-seen-list[^>]*>/, (list) => list + products.join(""));
  if (request.method !== "GET")
    text = text
      .replace(/ data-not-sent hidden/, "")
      .replace(/ data-not-loaded/, "$& hidden")
      .replace(/href="" data-retry/, `href="${(request.referrer || home).replaceAll('"', "%22")}"`);
  return new Response(text, { headers: { "Content-Type": answer.headers.get("Content-Type") } });
}

// List items with links to the products that the device keeps, those seen last first. Their names come from the pages'
// headings, which the server has escaped.
async function seenProducts(folder) {
  const cache = await caches.open(CACHE_NAME);
  const items = [];
  for (const request of (await cache.keys()).reverse()) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith(folder) || pathname === folder || items.length === MOST_OFFERED) continue;
    const [, heading] = (await (await cache.match(request)).text()).match(/<h1[^>]*>([^<]+)</) ?? [];
    if (heading) items.push(`<li><a href="${pathname}">${heading}</a></li>`);
  }
  return items;
}

// The page that installed the worker was fetched before it; the home page is opened next time.
async function keepFirstPages() {
  const opened = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const addresses = opened.map(({ url }) => new URL(url.split("#")[0]))
    .filter(({ pathname }) => !OTHER_DOORS.some((path) => pathname.startsWith(path)));
  const homes = addresses.map(({ pathname }) => new URL(languageOf(pathname).home, location.origin));
  for (const address of new Set([...homes, ...addresses].map(String))) await keepPublic(address).catch(() => {});
}

// Never cache a page with a visitor's basket or name: fetch the page that a stranger gets instead, once a day at
// most.
async function keep(address, answer) {
  if (answer.headers.get("X-Offline") === "keep") return put(address, answer);
  if (answer.headers.get("X-Offline") !== "ask") return;
  const kept = await (await caches.open(CACHE_NAME)).match(address, { ignoreVary: true });
  if (!kept || Date.now() - kept.headers.get(SEEN_AT) >= DAY) await keepPublic(address);
}

async function keepPublic(address) {
  const answer = await fetch(address, { credentials: "omit" });
  if (answer.ok && answer.headers.get("X-Offline") === "keep") await put(address, answer);
}

async function put(address, answer) {
  const cache = await caches.open(CACHE_NAME);
  const headers = new Headers(answer.headers);
  headers.set(SEEN_AT, Date.now());
  await cache.delete(address, { ignoreVary: true });
  await cache.put(address, new Response(await answer.blob(), { headers }));
  await keepFew(cache);
}

// Delete the page that was seen longest ago first.
async function keepFew(cache) {
  const pages = [];
  for (const request of await cache.keys()) {
    if ((await cache.match(request, { ignoreVary: true })).headers.has(SEEN_AT)) pages.push(request);
  }
  for (const request of pages.slice(0, -MOST)) await cache.delete(request, { ignoreVary: true });
}

async function asItWas(kept, address) {
  const { code, words } = languageOf(new URL(address).pathname);
  const seen = new Date(Number(kept.headers.get(SEEN_AT)));
  const told = words
    .replace("{day}", seen.toLocaleDateString(code === "vi" ? "vi-VN" : "en-GB"))
    .replace(
      "{hour}",
      seen.toLocaleTimeString(code === "vi" ? "vi-VN" : "en-GB", { hour: "2-digit", minute: "2-digit" }),
    );
  const text = (await kept.text()).replace(
    /<main[^>]*>/,
    `$&<p class="notice wait" role="status" data-kept-copy>${told}</p>`,
  );
  const headers = new Headers(kept.headers);
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  return new Response(text, { headers });
}
