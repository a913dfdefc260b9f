// Enhancements of the members' pages, which work without scripts.
(() => {
  "use strict";

  const worker = document.currentScript.dataset.worker;
  // Browsers without module workers reject the module, and take the worker that sends nothing in the background.
  if (worker && "serviceWorker" in navigator)
    navigator.serviceWorker
      .register(`${worker}?module`, { type: "module" })
      .catch(() => navigator.serviceWorker.register(worker))
      .catch(() => {});

  // Reduce a photo with more pixels than the market shows before it is sent; its form waits for that. A photo that the
  // phone cannot read is sent unchanged, and the server reports its error.
  const MAX_SIDE = 2400,
    pending = new WeakMap();
  const shrink = async (file) => {
    const bitmap = await createImageBitmap(file);
    const scale = MAX_SIDE / Math.max(bitmap.width, bitmap.height);
    if (scale >= 1) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
  };
  const shrinkAll = async (field) => {
    const files = new DataTransfer();
    for (const file of field.files) files.items.add(await shrink(file).catch(() => file));
    field.files = files.files;
  };
  const shrinkChosen = (field) => {
    if (field.type !== "file" || !field.accept.startsWith("image/") || !field.form) return;
    if ("uploads" in field.form.dataset) return; // made smaller one by one, below
    const earlier = pending.get(field.form) || Promise.resolve();
    pending.set(
      field.form,
      earlier.then(() => shrinkAll(field)),
    );
  };
  document.addEventListener("change", ({ target }) => shrinkChosen(target));
  // Photos may have been chosen before this script had loaded.
  for (const field of document.querySelectorAll("input[type=file]")) if (field.files.length) shrinkChosen(field);
  window.addEventListener(
    "submit",
    (event) => {
      const form = event.target,
        waiting = pending.get(form);
      if (!waiting) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      // In a separate task: browsers ignore a second submission while the event is being handled.
      waiting.finally(() => {
        setTimeout(() => {
          pending.delete(form);
          form.requestSubmit(event.submitter);
        });
      });
    },
    true,
  );

  // The phone keeps which products of an order are picked, for the next visit and for the screens without a network.
  for (const item of document.querySelectorAll("[id^=goods-]")) {
    const box = item.querySelector(".pick-check input"),
      id = item.id.slice("goods-".length);
    const readPicked = () => new Set(JSON.parse(localStorage.getItem("picked") || "[]"));
    const storePicked = (isPicked) => {
      const picked = readPicked();
      picked[isPicked ? "add" : "delete"](id);
      localStorage.setItem("picked", JSON.stringify([...picked]));
    };
    if (!box) storePicked(false); // packed already
    else {
      box.checked ||= readPicked().has(id);
      box.addEventListener("change", () => storePicked(box.checked));
    }
  }

  // Number pads have no slash, so days get theirs while the digits are entered.
  document.addEventListener("input", ({ target, inputType }) => {
    if (!target.matches("[data-day]") || inputType?.startsWith("delete")) return;
    const day = target.value.replace("//", "/");
    target.value = /^\d{2}(\/\d{2})?$/.test(day) ? `${day}/` : day;
  });

  // The error of a field goes as soon as the field is changed; the server checks it again.
  document.addEventListener("input", ({ target }) => {
    const summary = document.getElementById("errors");
    document.querySelector(`[data-repeats="${target.id}"]`)?.remove();
    if (!target.id || target.getAttribute("aria-invalid") !== "true") return;
    target.removeAttribute("aria-invalid");
    document.getElementById(`${target.id}_error`)?.remove();
    summary?.querySelector(`a[href="#${target.id}"]`)?.closest("li").remove();
    const left = summary?.querySelectorAll("li").length;
    if (left) summary.querySelector("h2").textContent = summary.dataset.left.replace("0", left);
    else summary?.remove();
  });

  // Without a network the phone's own screen of the order packs what was entered here.
  const packOnPhone = (form) => {
    const entries = {},
      fields = new FormData(form);
    for (const name of fields.keys()) {
      const [, line] = /^taken-(.+)$/.exec(name) ?? [];
      if (!line) continue;
      const count = fields.get(`quantity-${line}`),
        lot = fields.get(`lot-${line}`);
      entries[line] = { ...(count && { count }), ...(lot && { lot }) };
    }
    const packing = {
      part: Number(form.dataset.packs),
      entries,
      reason: fields.get("lot_reason") ?? "",
      form_key: fields.get("idempotency_key"),
    };
    sessionStorage.setItem("packing", JSON.stringify(packing));
    location.assign(form.dataset.partPage);
  };

  // A dead network shows only on sending, which would lose the form's page with its photos, so check first that the
  // server answers. This listener runs before market.js, which shows a notice if the phone knows that it is offline.
  window.addEventListener(
    "submit",
    (event) => {
      const { target: form, submitter } = event;
      const isPlainPost = form.getAttribute("method") === "post" && !form.hasAttribute("hx-post");
      if (!worker || !isPlainPost) return;
      if (navigator.onLine === false) {
        if (!("packs" in form.dataset)) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        packOnPhone(form);
        return;
      }
      if (form.dataset.reached) {
        delete form.dataset.reached;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      if (form.dataset.asking) return;
      form.dataset.asking = "yes";
      fetch(worker, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(10_000) })
        .then(
          () => {
            form.dataset.reached = "yes";
            form.requestSubmit(submitter);
          },
          () => {
            if ("packs" in form.dataset) return packOnPhone(form);
            (form.querySelector("[data-offline]") || document.querySelector("[data-network=offline]")).hidden = false;
          },
        )
        .finally(() => {
          delete form.dataset.asking;
        });
    },
    true,
  );

  // Send several photos one after the other, each with its own status text: so they keep their order, and a weak
  // network loses only one.
  const sendPhoto = (form, field, file, row) =>
    new Promise((sent) => {
      const texts = row.parentElement.dataset,
        state = row.querySelector("[role=status]"),
        bar = row.querySelector("progress"),
        retryButton = row.querySelector("button");
      const end = (isAdded, text) => {
        state.textContent = text;
        bar.hidden = true;
        retryButton.hidden = isAdded;
        sent(isAdded);
      };
      state.textContent = texts.preparing;
      shrink(file)
        .catch(() => file)
        .then((smaller) => {
          const body = new FormData(form),
            request = new XMLHttpRequest();
          for (const input of form.querySelectorAll("input[type=file]")) body.delete(input.name);
          body.append(field, smaller);
          request.open("POST", form.action);
          request.setRequestHeader("Accept", "application/json");
          request.responseType = "json";
          state.textContent = texts.sending;
          request.upload.addEventListener("progress", ({ loaded, total }) => {
            bar.value = loaded / total;
          });
          request.addEventListener("load", () => {
            end(request.status === 200, request.response?.message ?? texts.failed);
          });
          for (const kind of ["error", "timeout", "abort"]) {
            request.addEventListener(kind, () => end(false, texts.failed));
          }
          request.send(body);
        });
    });
  window.addEventListener(
    "submit",
    async (event) => {
      const form = event.target,
        files = [...form.querySelectorAll("input[type=file]")].flatMap((input) =>
          [...input.files].map((file) => [input.name, file]),
        );
      if (!("uploads" in form.dataset) || !files.length) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (form.dataset.uploading) return;
      form.dataset.uploading = "yes";
      const list = form.querySelector("[data-upload-list]");
      list.hidden = false;
      list.replaceChildren();
      const rows = files.map(([field, file]) => {
        const row = form.querySelector("template").content.firstElementChild.cloneNode(true);
        row.querySelector("[data-name]").textContent = file.name;
        row.querySelector("[role=status]").textContent = list.dataset.waiting;
        list.append(row);
        return [field, file, row];
      });
      let failedCount = 0;
      const isSent = async (field, file, row) => {
        if (!(await sendPhoto(form, field, file, row))) return false;
        const count = form.elements.sent_before_count;
        count.value = Number(count.value) + 1;
        return true;
      };
      // Then submit the form without the photos, by the button that was pressed.
      const finish = () => {
        if (!failedCount) form.requestSubmit(event.submitter);
      };
      for (const [field, file, row] of rows) {
        if (await isSent(field, file, row)) continue;
        failedCount += 1;
        row.querySelector("button").addEventListener("click", async ({ currentTarget }) => {
          currentTarget.hidden = true;
          row.querySelector("progress").hidden = false;
          if (await isSent(field, file, row)) failedCount -= 1;
          finish();
        });
      }
      for (const input of form.querySelectorAll("input[type=file]")) {
        input.value = "";
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
      delete form.dataset.uploading;
      finish();
    },
    true,
  );

  // Show a new photo in its frame before it is sent.
  document.addEventListener("change", (event) => {
    const frame = event.target.closest("[data-photo]");
    if (!frame || event.target.type !== "file" || !event.target.files.length) return;
    const shown = frame.querySelector("img");
    for (const source of frame.querySelectorAll("source")) source.remove();
    shown.removeAttribute("srcset");
    if (shown.src.startsWith("blob:")) URL.revokeObjectURL(shown.src);
    const drawing = shown.src;
    shown.addEventListener(
      "error",
      () => {
        shown.src = drawing;
      },
      { once: true },
    ); // HEIC: the server converts it, the browser cannot show it
    shown.src = URL.createObjectURL(event.target.files[0]);
    const notice = frame.querySelector("[data-chosen]");
    if (notice) notice.hidden = false;
    for (const other of frame.querySelectorAll("input[type=file]")) {
      if (other === event.target || !other.files.length) continue;
      other.value = "";
      other.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });

  // Ask beside each chosen photo what it shows; the answers become the lines of one field.
  document.addEventListener("change", ({ target }) => {
    const box = target.type === "file" && target.form?.querySelector("[data-captions]");
    if (!box) return;
    const captions = box.querySelector("textarea"),
      list = box.querySelector("ol"),
      lines = captions.value.split("\n"),
      files = [...target.form.querySelectorAll("input[type=file]")].flatMap((input) => [...input.files]);
    for (const image of list.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    list.replaceChildren(
      ...files.map((file, position) => {
        const row = box.querySelector("template").content.firstElementChild.cloneNode(true),
          image = row.querySelector("img"),
          label = row.querySelector("[data-label]");
        label.textContent = label.dataset.label.replace("0", position + 1);
        row.querySelector("input").value = lines[position] ?? "";
        image.addEventListener("error", () => image.remove()); // HEIC: browsers show none
        image.src = URL.createObjectURL(file);
        return row;
      }),
    );
    list.hidden = !files.length;
    captions.closest(".field").hidden = files.length > 0;
  });
  document.addEventListener("input", ({ target }) => {
    const box = target.closest("[data-captions]");
    if (!box || target.tagName !== "INPUT") return;
    box.querySelector("textarea").value = [...box.querySelectorAll("input")].map((input) => input.value).join("\n");
  });

  // The button of an answer to a complaint names the sum that goes back to the buyer.
  const showRefundAmount = (form) => {
    const button = form.querySelector("[data-refund-text]");
    const fields = [...form.querySelectorAll("[name^=amount-], [name=delivery]")];
    const sum = fields.reduce((total, field) => total + Number(field.value.replace(/\D/g, "")), 0);
    button.dataset.plainText ??= button.textContent;
    const money = `${sum.toLocaleString(document.documentElement.lang)}\u00a0₫`;
    button.textContent = sum ? button.dataset.refundText.replace("{amount}", money) : button.dataset.plainText;
  };
  for (const form of document.querySelectorAll("form[data-refunds]")) {
    showRefundAmount(form);
    form.addEventListener("input", () => showRefundAmount(form));
  }

  // A field that only some product types need appears when one of them is chosen, and stays once it is filled in.
  for (const box of document.querySelectorAll('[data-for-types]:not([data-for-types=""])')) {
    const type = document.querySelector("[name=product_type]");
    const field = box.querySelector("input");
    const show = () => {
      box.hidden = !field.value && !box.dataset.forTypes.split(" ").includes(type.value);
    };
    type.addEventListener("change", show);
    show();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  // Big digits for a PIN. The button without a value deletes the last digit.
  for (const keypad of document.querySelectorAll("[data-keypad]")) {
    const field = document.getElementById(keypad.dataset.keypad);
    keypad.hidden = false;
    keypad.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button)
        field.value = button.value ? (field.value + button.value).slice(0, field.maxLength) : field.value.slice(0, -1);
    });
  }

  // Voice input, where the browser has it: what is said becomes the value of the field.
  const Recognition = window.SpeechRecognition || window.webkitSpeechRecognition;
  for (const button of Recognition ? document.querySelectorAll("[data-listen]") : []) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const field = document.getElementById(button.dataset.listen),
        recognition = new Recognition();
      recognition.lang = document.documentElement.lang === "vi" ? "vi-VN" : "en-GB";
      recognition.addEventListener("result", ({ results }) => {
        field.value = results[0][0].transcript;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
      recognition.addEventListener("end", () => button.removeAttribute("aria-pressed"));
      button.setAttribute("aria-pressed", "true");
      recognition.start();
    });
  }

  // A scanned lot label shows its items on this page, or else opens the lot.
  for (const box of navigator.mediaDevices ? document.querySelectorAll("[data-scan-lot]") : []) {
    const video = box.querySelector("video"),
      status = box.querySelector("[role=status]");
    let stopping = null;
    box.hidden = false;
    box.querySelector("button").addEventListener("click", async () => {
      if (stopping) {
        stopping.abort();
        return;
      }
      stopping = new AbortController();
      status.textContent = "";
      video.hidden = false;
      try {
        const text = await (await import("member/scanner")).scan(video, stopping.signal);
        const code = text.split("/").filter(Boolean).at(-1) ?? "";
        const item = code && document.querySelector(`[data-lots~="${CSS.escape(code)}"]`);
        if (item) item.focus();
        else if (code && box.dataset.url) location.assign(`${box.dataset.url}?ma=${encodeURIComponent(code)}`);
        else if (code) status.textContent = box.dataset.absent;
      } catch (error) {
        status.textContent = error.name === "NotAllowedError" ? box.dataset.refused : box.dataset.missing;
      }
      video.hidden = true;
      stopping = null;
    });
  }

  // The weight of a Bluetooth scale, where the browser can read one; it may be corrected before it is saved.
  for (const button of navigator.bluetooth ? document.querySelectorAll("[data-scale]") : []) {
    const field = document.getElementById(button.dataset.scale),
      status = button.nextElementSibling;
    button.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      status.textContent = status.dataset.waiting;
      try {
        const grams = await (await import("member/scale")).readScale();
        if (grams) field.value = String(grams / 1000).replace(".", ",");
        field.dispatchEvent(new Event("input", { bubbles: true }));
        status.textContent = "";
      } catch {
        status.textContent = status.dataset.failed;
      }
      button.disabled = false;
    });
  }
})();
