// Enhancements of pages that work without scripts.
(() => {
  "use strict";

  // Cache visited pages for use without a network; reload a cached copy once the network is back.
  const worker = document.currentScript.dataset.worker;
  if (worker && "serviceWorker" in navigator) {
    window.addEventListener("load", () => navigator.serviceWorker.register(worker).catch(() => {}));
  }
  if (document.querySelector("[data-kept-copy]")) {
    let isLeaving = false;
    window.addEventListener("beforeunload", () => (isLeaving = true));
    window.addEventListener("pageshow", () => (isLeaving = false));
    window.addEventListener("online", () => {
      // Not while a form is being sent, nor on a page that the visitor is leaving: the reload would take them back.
      if (!isLeaving && !document.querySelector("[data-sent]")) location.reload();
    });
  }

  const isPicked = ({ type }) => type === "radio" || type === "checkbox";

  // Repeat the events of choices made before HTMX was loaded, which it missed. Not on a page that the visitor went back
  // to: the browser restores its choices itself.
  const isChanged = (field) => {
    if (field.type === "radio" || field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.type === "number") return field.value !== field.defaultValue;
    const start = [...field.options].find((option) => option.defaultSelected) ?? field.options[0];
    return start && field.value !== start.value;
  };
  const sendEarlyChoices = () => {
    const [navigation] = performance.getEntriesByType("navigation");
    if (navigation?.type !== "navigate") return;
    const fields = document.querySelectorAll("select, [type=radio]:checked, [type=checkbox], [type=number]");
    for (const field of [...fields].filter(isChanged)) {
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  };
  document.addEventListener("htmx:load", sendEarlyChoices, { once: true });

  // Some pages need HTMX only after the visitor's first action; they name it in a meta element, so that their first
  // view is lighter. A field that was changed before HTMX was loaded gets the event `late`. HTMX is inserted only after
  // the page has loaded, because otherwise it never starts.
  const lateScript = document.querySelector("meta[name=late-htmx]");
  if (lateScript) {
    const firstActs = ["pointerover", "pointerdown", "touchstart", "focusin", "keydown"];
    let missed = null;
    const noteMissed = ({ target }) => (missed = target.closest("[hx-trigger]"));
    const insertScript = () => {
      const script = document.createElement("script");
      script.src = lateScript.content;
      script.addEventListener("load", () => {
        for (const kind of ["input", "change"]) document.removeEventListener(kind, noteMissed);
        if (missed) missed.dispatchEvent(new Event("late"));
      });
      document.head.append(script);
    };
    const loadScript = () => {
      for (const kind of firstActs) document.removeEventListener(kind, loadScript, true);
      if (document.readyState === "complete") insertScript();
      else window.addEventListener("load", insertScript);
    };
    for (const kind of firstActs) document.addEventListener(kind, loadScript, { capture: true, passive: true });
    for (const kind of ["input", "change"]) document.addEventListener(kind, noteMissed);
  }

  // Arrow keys move from the search field into its suggestions and through them; Escape closes them.
  document.addEventListener("keydown", (event) => {
    const search = event.target.closest(".search");
    const links = search ? [...search.querySelectorAll(".suggestions a")] : [];
    if (!links.length) return;
    const field = search.querySelector("input");
    if (event.key === "Escape") {
      search.querySelector(".suggestions").replaceChildren();
      field.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const way = [field, ...links];
      const to = way.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
      way[(to + way.length) % way.length].focus();
    }
  });

  // The names of chosen files stand beside the button that chooses them.
  document.addEventListener("change", ({ target }) => {
    const names = target.type === "file" && target.parentElement.querySelector("[data-file-names]");
    if (names) names.textContent = [...target.files].map((file) => file.name).join(", ") || names.dataset.none;
  });

  // What is folded on phones, but open on larger screens and without scripts.
  const foldOnPhone = () => {
    if (matchMedia("(max-width: 47.99rem)").matches)
      for (const group of document.querySelectorAll("[data-fold-on-phone]")) group.open = false;
  };
  foldOnPhone();

  // The − and + buttons beside a quantity; without scripts the field itself is enough.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    const field = button.parentElement.querySelector("input");
    if (button.dataset.step > 0) field.stepUp();
    else field.stepDown();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // Each letter typed into a select chooses an option. Its change event waits for the end of typing: a response to
  // the first letter would replace the select in the middle of the word.
  const TYPING = 900;
  let typedAt = 0,
    postponedSelect = null;
  document.addEventListener("keydown", ({ target, key, ctrlKey, metaKey, altKey }) => {
    if (target.tagName === "SELECT" && key.length === 1 && !ctrlKey && !metaKey && !altKey) typedAt = Date.now();
  });
  const sendPostponedChange = () => {
    const select = postponedSelect;
    postponedSelect = null;
    if (select && select.isConnected) select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  for (const kind of ["input", "change"]) {
    window.addEventListener(
      kind,
      (event) => {
        if (event.target.tagName !== "SELECT" || !event.isTrusted) return;
        const left = typedAt + TYPING - Date.now();
        if (left <= 0) return;
        event.stopImmediatePropagation();
        if (!postponedSelect)
          setTimeout(function waitForLastLetter() {
            const more = typedAt + TYPING - Date.now();
            if (more > 0) setTimeout(waitForLastLetter, more);
            else sendPostponedChange();
          }, left);
        postponedSelect = event.target;
      },
      true,
    );
  }

  // A response that arrives during a press waits for its end. It could move or replace what is pressed, and browsers send
  // no click if the pointer is released over another element.
  const TOUCH_BECOMES_CLICK = 100; // milliseconds
  const PRESSED = "a, button, label, summary, [type=radio], [type=checkbox]";
  const waiting = new Map();
  let isPressed = false,
    ending = 0;
  const endPress = () => {
    clearTimeout(ending);
    isPressed = false;
    for (const handle of waiting.values()) queueMicrotask(handle);
    waiting.clear();
  };
  const endPressAfter = (milliseconds) => {
    clearTimeout(ending);
    ending = setTimeout(endPress, milliseconds);
  };
  window.addEventListener(
    "pointerdown",
    ({ target, button }) => {
      if (button !== 0 || !target.closest(PRESSED)) return;
      clearTimeout(ending);
      isPressed = true;
    },
    true,
  );
  window.addEventListener("pointerup", () => endPressAfter(TOUCH_BECOMES_CLICK), true);
  window.addEventListener("click", () => endPressAfter(0), true);
  for (const kind of ["pointercancel", "contextmenu", "dragstart"]) window.addEventListener(kind, endPress, true);
  window.addEventListener("blur", endPress);
  document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
    const { onload, onabort } = xhr;
    xhr.onload = () => {
      if (isPressed) waiting.set(xhr, () => onload.call(xhr));
      else onload.call(xhr);
    };
    // Drop the response to a request that a newer one replaced; HTMX would report it as an error.
    xhr.onabort = () => {
      const { error } = console;
      console.error = () => {};
      try {
        onabort.call(xhr);
      } finally {
        console.error = error;
      }
    };
    xhr.abort = () => {
      if (waiting.delete(xhr)) xhr.onabort();
      else XMLHttpRequest.prototype.abort.call(xhr);
    };
  });
  // The basket links back to the list of products last seen in this tab.
  const listKey = `list:${document.documentElement.lang}`;
  window.addEventListener("pagehide", () => {
    if (document.querySelector("[data-product-list]"))
      sessionStorage.setItem(listKey, location.pathname + location.search);
  });
  document.addEventListener("DOMContentLoaded", () => {
    const link = document.querySelector("[data-back-to-list]"),
      list = sessionStorage.getItem(listKey);
    if (link && list) link.href = list;
  });

  // Rows of filters that scroll sideways show a chosen one.
  const showChosenFilters = () => {
    for (const chosen of document.querySelectorAll(".scroll-row li:has(:checked, [aria-current])"))
      chosen.parentElement.scrollLeft = chosen.offsetLeft - chosen.parentElement.offsetWidth / 2;
  };
  document.addEventListener("DOMContentLoaded", showChosenFilters);
  document.addEventListener("htmx:afterSettle", showChosenFilters);

  // Send filters and places when they are chosen; their button is for browsers without scripts.
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.hasAttribute("data-send-on-change")) form.requestSubmit();
  });

  // Send a form once, however often its button is pressed; Back makes it usable again. Without a network the page
  // shows a notice and keeps the entered values. This listener runs before HTMX's.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      const isOffline = navigator.onLine === false && form.getAttribute("method") === "post";
      showNotice(form, isOffline && "offline");
      if (form.hasAttribute("data-forget") && !isOffline) {
        forget();
        localStorage.removeItem("recently-seen");
      }
      if (form.dataset.sent || isOffline) {
        event.preventDefault();
        event.stopPropagation();
      } else if (form.hasAttribute("data-send-once")) form.dataset.sent = "yes";
    },
    true,
  );
  // The checkout starts with the province shown in the basket, whose own request may not have been answered yet.
  document.addEventListener("formdata", ({ target, formData }) => {
    const province = target.hasAttribute("data-with-province") && document.querySelector("#province");
    if (province) formData.set("province", province.value);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });
  // Only by its own response: a field's response may arrive while its form is being sent.
  document.addEventListener("htmx:afterOnLoad", ({ detail: { xhr, requestConfig } }) => {
    if (!xhr.getResponseHeader("HX-Redirect")) delete requestConfig.elt.dataset.sent;
  });

  // Show the form's own notice, or else the page's.
  const showNotice = (form, failure) => {
    const notice = failure && form && form.querySelector(`[data-${failure}]`);
    const notices = document.querySelectorAll("form [data-offline], form [data-failed], [data-network]");
    for (const other of notices)
      other.hidden = other.dataset.network ? Boolean(notice) || other.dataset.network !== failure : other !== notice;
  };
  // A failed request may be sent again: the server orders a basket once. Forms that send themselves repeat it once
  // the network is back.
  const undeliveredForms = new Set();
  for (const [failure, eventName] of [
    ["offline", "htmx:sendError"],
    ["offline", "htmx:timeout"],
    ["failed", "htmx:responseError"],
  ]) {
    document.addEventListener(eventName, ({ target, detail: { requestConfig } }) => {
      if (requestConfig.verb !== "post") return;
      const form = target.closest("form");
      showNotice(form, failure);
      if (!form) return;
      delete form.dataset.sent;
      if (failure === "offline" && (form.getAttribute("hx-trigger") || "").includes("change"))
        undeliveredForms.add(form);
    });
  }
  window.addEventListener("online", () => {
    showNotice();
    for (const form of undeliveredForms) if (form.isConnected) form.requestSubmit();
    undeliveredForms.clear();
  });

  // Store the values of a long form in this tab until it is sent, so that a phone that loses its network or is locked
  // for a while loses none. Consents must be ticked again.
  const kept = (form) => JSON.parse(sessionStorage.getItem(form.dataset.remember) || "{}");
  const isKept = (field) =>
    field.name &&
    !["hidden", "submit", "file"].includes(field.type) &&
    !/^(consent|news|code|old_address)$/.test(field.name) &&
    !field.hasAttribute("hx-post");
  const keep = (event) => {
    const form = event.target.form;
    if (!form || !form.dataset.remember || !isKept(event.target)) return;
    const { name, type, value, checked } = event.target;
    sessionStorage.setItem(
      form.dataset.remember,
      JSON.stringify({ ...kept(form), [name]: type === "checkbox" ? checked : value }),
    );
  };
  const restore = () => {
    const form = document.querySelector("form[data-remember]");
    if (!form) return;
    const written = kept(form),
      place = form.elements.province,
      was = place && place.value;
    for (const field of form.elements) {
      if (!isKept(field) || !(field.name in written)) continue;
      const value = written[field.name];
      if (field.tagName !== "SELECT" && !isPicked(field) && field.value !== value)
        field.closest("details")?.setAttribute("open", "");
      if (field.type === "checkbox") field.checked = value;
      else if (field.type === "radio") field.checked = field.value === value;
      else if (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value))
        field.value = value;
    }
    if (place && place.value !== was) place.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const forget = () => {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("checkout:")) sessionStorage.removeItem(key);
  };
  document.addEventListener("input", keep);
  document.addEventListener("change", keep);
  // A field that is being corrected is not marked as wrong any more; the server checks it again.
  document.addEventListener("input", ({ target: field }) => {
    const same = field.form && field.name ? field.form.querySelectorAll(`[name="${CSS.escape(field.name)}"]`) : [field];
    for (const corrected of same) corrected.removeAttribute("aria-invalid");
  });
  document.addEventListener("DOMContentLoaded", restore);
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.getResponseHeader("HX-Redirect")) forget();
  });
  // Values entered while a response is loading are not in it; put them back after the swap, in forms with an id. A value
  // has the number of the first answered request that contained it.
  const entered = new Map(),
    restored = new Set(),
    requestNumbers = new WeakMap();
  let lastRequest = 0;
  for (const kind of ["input", "change"]) {
    document.addEventListener(
      kind,
      ({ target: { form, name, type, value, checked } }) => {
        if (!form || !form.id || !name || type === "file") return; // scripts cannot set chosen files
        entered.set([form.id, name, type === "checkbox" ? value : ""].join(" "), {
          id: form.id,
          name,
          type,
          value,
          checked,
          answeredBy: Infinity,
        });
      },
      true,
    );
  }
  // Only the response to a request contains its values: the response to an earlier one may replace the form before or
  // after it, and HTMX drops a response whose target is gone.
  document.addEventListener("htmx:beforeSend", ({ target, detail: { xhr } }) => {
    const form = target.closest("form"),
      sent = [...entered.values()].filter(({ id }) => form && form.id === id),
      number = ++lastRequest;
    requestNumbers.set(xhr, number);
    xhr.addEventListener("readystatechange", () => {
      if (xhr.readyState === 4) for (const value of sent) value.answeredBy = Math.min(value.answeredBy, number);
    });
  });
  // HTMX inserts the new part before it removes the old one; browsers follow what was in view to the page's end.
  let scrolledTo = 0;
  document.addEventListener("htmx:beforeSwap", () => {
    scrolledTo = scrollY;
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (scrollY !== scrolledTo) scrollTo({ top: scrolledTo, behavior: "instant" });
  });
  // A fold in which a choice was made stays open in the response. What a button asked for comes as the server sends it.
  let openFolds = [];
  document.addEventListener("htmx:beforeSwap", ({ detail: { requestConfig } }) => {
    const isByButton = requestConfig.triggeringEvent?.submitter || requestConfig.elt.matches("button, details");
    openFolds = isByButton ? [] : [...document.querySelectorAll("details[id][open]")].map(({ id }) => id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    foldOnPhone();
    for (const fold of openFolds.map((id) => document.getElementById(id))) if (fold) fold.open = true;
    openFolds = [];
  });
  // Fields that were hidden again show their values in words, which the server writes.
  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (!target.open && target.matches("details[hx-trigger~=closed]")) target.dispatchEvent(new Event("closed"));
    },
    true,
  );
  document.addEventListener("htmx:afterSwap", ({ detail: { xhr } }) => {
    for (const { id, name, type, value, checked, answeredBy } of entered.values()) {
      if (answeredBy <= requestNumbers.get(xhr)) continue;
      const form = document.getElementById(id);
      for (const field of form ? [...form.elements].filter((element) => element.name === name) : []) {
        const was = isPicked(field) ? field.checked : field.value;
        if (type === "radio") field.checked = field.value === value;
        else if (type === "checkbox") field.checked = field.value === value ? checked : field.checked;
        else if (field.tagName !== "SELECT" || [...field.options].some((option) => option.value === value))
          field.value = value;
        if (was !== (isPicked(field) ? field.checked : field.value)) restored.add(field);
      }
    }
  });
  // Notify forms that send themselves; otherwise they would show values that were never sent.
  document.addEventListener("htmx:afterSettle", () => {
    for (const field of restored) {
      restored.delete(field);
      if (field.isConnected) field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  // A response contains all values of its request, and more: a chosen address, a picked commune.
  document.addEventListener("htmx:afterSwap", (event) => {
    const form = document.querySelector("form[data-remember]");
    if (!form) return;
    const now = {};
    for (const field of form.elements) {
      if (!isKept(field) || (field.type === "radio" && !field.checked)) continue;
      now[field.name] = field.type === "checkbox" ? field.checked : field.value;
    }
    sessionStorage.setItem(form.dataset.remember, JSON.stringify(now));
    const wrong = form.querySelector('#phone-code, #changes, #errors[role="alert"]');
    if (wrong && event.detail.target.id === form.id) wrong.focus();
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard.writeText(button.dataset.copy).then(() => {
      const status = button.querySelector("[role=status]");
      if (status) status.textContent = button.dataset.copied;
    });
  });
})();
