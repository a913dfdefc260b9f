// Show visited pages without a network, or else the market's offline page. Pages that the server marks as the same for
// every visitor are cached as a stranger gets them. The buyer's own basket and orders are cached apart, on their own
// device, for a week at most and until somebody signs in or out. Pictures come from the browser's own cache, which
// keeps them for good.
"use strict";

const CACHE_NAME = "cho-phien-market-{{ build }}";
const OWN_CACHE_NAME = "cho-phien-own-{{ build }}";
const MOST = 40; // pages
const MOST_OWN = 8;
const MOST_OFFERED = 6; // products on the offline page
const OWN_FOR = 7 * 24 * 3600 * 1000; // milliseconds
const REFRESH_AFTER = 5 * 60 * 1000; // milliseconds
const FILES = [{% for file in files %}"{{ file|escapejs }}", {% endfor %}];
const LANGUAGES = [{% for language in languages %}
  {
    code: "{{ language.code }}",
    home: "{{ language.home }}",
    offline: "{{ language.offline }}",
    words: "{{ language.words|escapejs }}",
    ownWords: "{{ language.own_words|escapejs }}",
  },{% endfor %}
];
const OTHER_DOORS = [{% for path in other_doors %}"{{ path }}", {% endfor %}];
const SIGN_INS_AND_OUTS = [{% for path in sign_ins_and_outs %}"{{ path }}", {% endfor %}];
const SEEN_AT = "X-Seen-At";
// A page asked for before one of these is not kept after it, because it is the other person's.
let signInsAndOuts = 0;

const languageOf = (path) => LANGUAGES.findLast(({ home }) => path.startsWith(home));
const cachedAnswer = async (request) => {
  await dropOldOwn();
  return caches.match(request, { ignoreVary: true });
};

self.addEventListener("install", (event) => {
  const files = [...FILES, ...LANGUAGES.map(({ offline }) => new Request(offline, { credentials: "omit" }))];
  event.waitUntil(caches.open(CACHE_NAME).then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const isOld = (name) => /^cho-phien-(market|own)-/.test(name) && name !== CACHE_NAME && name !== OWN_CACHE_NAME;
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
  if (request.method === "POST" && SIGN_INS_AND_OUTS.some((path) => pathname.startsWith(path))) {
    signInsAndOuts += 1;
    event.waitUntil(caches.delete(OWN_CACHE_NAME));
  }
  if (request.method === "POST" && pathname === `${languageOf(pathname).home}dat-hang/`)
    event.respondWith(checkout(event));
  else if (request.mode === "navigate") event.respondWith(page(event));
  else if (request.method === "GET" && FILES.includes(pathname))
    event.respondWith(fetch(request).catch(() => cachedAnswer(request)));
  else if (request.method === "POST" && isBasket(pathname)) event.respondWith(basketChange(event));
});

const basketOf = (pathname) => `${languageOf(pathname).home}gio-hang/`;
const isBasket = (pathname) => pathname.startsWith(basketOf(pathname));

// The basket's copy follows what is added on other pages.
async function basketChange(event) {
  const answer = await fetch(event.request);
  const address = basketOf(new URL(event.request.url).pathname);
  const before = signInsAndOuts;
  if (answer.ok) event.waitUntil(fetch(address).then((basket) => keep(address, basket, before)).catch(() => {}));
  return answer;
}

// A placed order empties the basket. Its answer leads to another page, with and without scripts.
async function checkout(event) {
  const answer = await (event.request.mode === "navigate" ? page(event) : fetch(event.request));
  if (answer.type === "opaqueredirect" || answer.headers.has("HX-Redirect"))
    event.waitUntil(Promise.all(LANGUAGES.map(({ home }) => deleteOwn(`${home}gio-hang/`))));
  return answer;
}

// The network first: the cache is only used without one.
async function page(event) {
  const { request } = event;
  const before = signInsAndOuts;
  try {
    const answer = (await event.preloadResponse) ?? await fetch(request);
    if (request.method === "GET") event.waitUntil(follow(request.url, answer.clone(), before));
    return answer;
  } catch {
    const kept = request.method === "GET" && await cachedAnswer(request.url);
    return kept && kept.headers.has(SEEN_AT) ? asItWas(kept, request.url) : offlinePage(request);
  }
}

// Reload the requested page by its URL; a sent form leads back to its page. The text depends on what was asked for.
async function offlinePage(request) {
  const { pathname } = new URL(request.url);
  const { home, offline } = languageOf(pathname);
  const answer = await cachedAnswer(offline);
  const place = ["don-hang", "gio-hang", "tim"].find((folder) => pathname.startsWith(`${home}${folder}/`)) ?? "";
  const products = await keptLinks(CACHE_NAME, `${home}san-pham/`);
  const orders = place === "don-hang" ? await keptLinks(OWN_CACHE_NAME, `${home}don-hang/`) : [];
  let text = (await answer.text()).replace(` data-place="${place}" hidden`, "");
  for (const [name, links] of [["seen", products], ["orders", orders]])
    if (links.length)
      text = text
        .replace(` data-${name} hidden`, "")
        .replace(new RegExp(`<ul[^>]*data-${name}-list[^>]*>`), (list) => list + links.join(""));
  if (request.method !== "GET")
    text = text
      .replace(/ data-not-sent hidden/, "")
      .replace(/ data-not-loaded/, "$& hidden")
      .replace(/href="" data-retry/, `href="${(request.referrer || home).replaceAll('"', "%22")}"`);
  return new Response(await withBasketCount(text, pathname), {
    headers: { "Content-Type": answer.headers.get("Content-Type") },
  });
}

// List items with links to the pages of a folder that the device keeps, those seen last first. Their names come from
// the pages' headings, which the server has escaped.
async function keptLinks(cacheName, folder) {
  const cache = await caches.open(cacheName);
  const items = [];
  for (const request of (await cache.keys()).reverse()) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith(folder) || pathname === folder || items.length === MOST_OFFERED) continue;
    const [, heading] = (await (await cache.match(request)).text()).match(/<h1[^>]*>(.*?)<\/h1>/s) ?? [];
    if (heading) items.push(`<li><a href="${pathname}">${heading}</a></li>`);
  }
  return items;
}

// A stranger's page counts no items; the kept basket knows how many there are.
async function withBasketCount(text, pathname) {
  const basket = await (await caches.open(OWN_CACHE_NAME)).match(basketOf(pathname), { ignoreVary: true });
  const [count] = (basket && (await basket.text()).match(/data-basket-count\s*>[^<]*/)) || [];
  return count ? text.replace(/data-basket-count\s+hidden\s*>[^<]*/g, count) : text;
}

// The page that installed the worker was fetched before it; the home page is opened next time.
async function keepFirstPages() {
  const opened = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const addresses = opened.map(({ url }) => new URL(url.split("#")[0]))
    .filter(({ pathname }) => !OTHER_DOORS.some((path) => pathname.startsWith(path)));
  const homes = addresses.map(({ pathname }) => new URL(languageOf(pathname).home, location.origin));
  for (const address of new Set([...homes, ...addresses].map(String))) await keepPublic(address).catch(() => {});
}

// What the visitor no longer gets as their own does not stay on the device.
async function follow(address, answer, before) {
  await dropOldOwn();
  if (answer.headers.get("X-Offline") !== "own" && answer.status < 500) await deleteOwn(address);
  if (answer.ok && !answer.redirected) await keep(address, answer, before);
}

const deleteOwn = async (address) => (await caches.open(OWN_CACHE_NAME)).delete(address, { ignoreVary: true });

async function dropOldOwn() {
  if (!(await caches.has(OWN_CACHE_NAME))) return;
  const cache = await caches.open(OWN_CACHE_NAME);
  for (const request of await cache.keys()) {
    const seenAt = (await cache.match(request, { ignoreVary: true }))?.headers.get(SEEN_AT);
    if (Date.now() - seenAt > OWN_FOR) await cache.delete(request, { ignoreVary: true });
  }
}

// Keep a visitor's own page apart. Instead of another page with their name, keep the page that a stranger gets, a
// few minutes old at most.
async function keep(address, answer, before) {
  const kind = answer.headers.get("X-Offline");
  if (kind === "own") return putOwn(address, answer, before);
  if (kind === "keep") return put(address, answer);
  if (kind !== "ask") return;
  const kept = await (await caches.open(CACHE_NAME)).match(address, { ignoreVary: true });
  if (!kept || Date.now() - kept.headers.get(SEEN_AT) >= REFRESH_AFTER) await keepPublic(address);
}

async function keepPublic(address) {
  const answer = await fetch(address, { credentials: "omit" });
  if (answer.ok && answer.headers.get("X-Offline") === "keep") await put(address, answer);
}

async function putOwn(address, answer, before) {
  if (before === signInsAndOuts) await put(address, answer, OWN_CACHE_NAME, MOST_OWN);
  if (before !== signInsAndOuts) await deleteOwn(address);
}

async function put(address, answer, cacheName = CACHE_NAME, most = MOST) {
  const cache = await caches.open(cacheName);
  const headers = new Headers(answer.headers);
  headers.set(SEEN_AT, Date.now());
  await cache.delete(address, { ignoreVary: true });
  await cache.put(address, new Response(await answer.blob(), { headers }));
  await keepFew(cache, most);
}

// Delete the page that was seen longest ago first.
async function keepFew(cache, most) {
  const pages = [];
  for (const request of await cache.keys()) {
    if ((await cache.match(request, { ignoreVary: true }))?.headers.has(SEEN_AT)) pages.push(request);
  }
  for (const request of pages.slice(0, -most)) await cache.delete(request, { ignoreVary: true });
}

async function asItWas(kept, address) {
  const { pathname } = new URL(address);
  const { code, words, ownWords } = languageOf(pathname);
  const seen = new Date(Number(kept.headers.get(SEEN_AT)));
  const told = (kept.headers.get("X-Offline") === "own" ? ownWords : words)
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
  return new Response(await withBasketCount(text, pathname), { headers });
}
