// The screen of a new product: photos first, then the fields of the page. It keeps what was entered until it is saved.
import { useEffect, useRef, useState } from "preact/hooks";
import { button, Field, NumberField, readCount, readWhole, Select, SyncTag } from "member/controls";
import { html } from "member/html";
import { changeOutbox, Icon, isNotStored, reload, settings, t } from "member/phone";
import { keepPhoto, readContent, readPhotos, removePhotos } from "member/photos";
import { addCommands, readDraft, storeDraft } from "member/store";
import { Suggestions, UsualPrice } from "member/suggestions";

const MAX_PHOTOS = 8;
const MAX_PRICE = 99_999_999;
const { common, others, measures } = JSON.parse(document.getElementById("phone-units").textContent);
// Units that are measures themselves.
const OWN_CONTENT = {
  kg: { content_grams: 1000 },
  lang: { content_grams: 100 },
  yen: { content_grams: 10_000 },
  litre: { content_ml: 1000 },
};

// Return a content such as 300, 2.400 or 1,8; NaN if it is none.
const readContentAmount = (written) => {
  const text = written.trim();
  if (!text) return 0;
  const plain = /^\d{1,3}(\.\d{3})+$/.test(text) ? text.replaceAll(".", "") : text.replace(",", ".");
  return /^\d+(\.\d{1,3})?$/.test(plain) ? Number(plain) : NaN;
};

const contentOf = ({ unit, content, measure }) => {
  if (OWN_CONTENT[unit]) return OWN_CONTENT[unit];
  const amount = readContentAmount(content);
  if (!amount) return {};
  const whole = Math.round(amount * (["kg", "l"].includes(measure) ? 1000 : 1));
  if (["g", "kg"].includes(measure)) return { content_grams: whole };
  if (["ml", "l"].includes(measure)) return { content_ml: whole };
  return { content_count: whole, content_unit: measure };
};

const emptyDraft = () => ({
  photos: [],
  captions: {}, // by photo
  name: "",
  type: String(choices().product_types.length === 1 ? choices().product_types[0].id : ""),
  unit: "",
  content: "",
  measure: "g",
  price: "",
  onHand: "",
  shelfLife: "",
  origin: choices().origin,
  category: "",
  description: "",
  returnTerms: "",
});

const choices = () => settings.value.choices;

// Return the names of the fields that must be corrected. A submitted product also needs what its type requires.
const faultsOf = (draft, isSubmitted) => {
  const type = choices().product_types.find(({ id }) => String(id) === draft.type);
  const required = new Set(isSubmitted ? type?.required : []);
  const texts = { origin: draft.origin, shelf_life: draft.shelfLife, return_terms: draft.returnTerms };
  const missing = Object.keys(texts).filter((name) => required.has(name) && !texts[name].trim());
  return [
    [isSubmitted && !draft.photos.length, "photo"],
    [!draft.name.trim(), "name"],
    [!draft.type, "type"],
    [!draft.unit, "unit"],
    [Number.isNaN(readContentAmount(draft.content)), "content"],
    [!readWhole(draft.price) || readWhole(draft.price) > MAX_PRICE, "price"],
    [readCount(draft.onHand) === null, "on_hand"],
  ]
    .filter(([isWrong]) => isWrong)
    .map(([, name]) => name)
    .concat(missing);
};

const payloadOf = (draft) => ({
  photos: draft.photos,
  captions: draft.photos.map((key) => draft.captions?.[key]?.trim() ?? ""),
  name: draft.name.trim(),
  product_type: Number(draft.type),
  category: draft.category ? Number(draft.category) : null,
  unit: draft.unit,
  ...contentOf(draft),
  price: readWhole(draft.price),
  on_hand: readCount(draft.onHand),
  shelf_life: draft.shelfLife.trim(),
  origin: draft.origin.trim(),
  description: draft.description.trim(),
  return_terms: draft.returnTerms.trim(),
});

export const NewListing = () => {
  const [draft, setDraft] = useState(null);
  useEffect(() => {
    readDraft().then((stored) => setDraft(choices() && (stored ?? emptyDraft())));
  }, []);
  if (!draft) return html`<h2>${t("new_product")}</h2>${!choices() && html`<p class="notice">${t("no_choices")}</p>`}`;
  return html`<${Form} draft=${draft} setDraft=${setDraft} />`;
};

const Form = ({ draft, setDraft }) => {
  const [faults, setFaults] = useState([]),
    [isKeeping, setKeeping] = useState(false);
  const latest = useRef(draft); // photos are kept while the member goes on writing
  const change = (values) => {
    latest.current = { ...latest.current, ...values };
    setDraft(latest.current);
    return storeDraft(latest.current).then(reload, () => {
      isNotStored.value = true;
    });
  };
  const photoName = (number) => (number === 1 ? t("cover_photo") : t("photo_number", { number }));
  const keepPhotos = (keys) => change({ photos: [...latest.current.photos, ...keys] });
  const removePhoto = async (key) => {
    await change({ photos: latest.current.photos.filter((other) => other !== key) });
    await removePhotos([key]);
  };
  const captions = {
    textOf: (key) => draft.captions?.[key] ?? "",
    onText: (key, caption) => change({ captions: { ...latest.current.captions, [key]: caption } }),
  };
  const text = (name) => ({ value: draft[name], onText: (value) => change({ [name]: value }) });
  const save = async (isSubmitted) => {
    const found = faultsOf(draft, isSubmitted);
    setFaults(found);
    if (found.length) return scrollTo(0, 0);
    const key = crypto.randomUUID(),
      chains = [`new-${key}`],
      subject = { name: draft.name.trim(), currency: choices().currency, draft };
    const creating = { key, name: "create_listing", payload: payloadOf(draft), subject, chains };
    const submitting = { name: "submit_listing", payload: { created_by: key }, subject, chains };
    const isStored = await changeOutbox(() =>
      addCommands(isSubmitted ? [creating, submitting] : [creating], { isDraftDone: true }),
    );
    if (isStored) location.hash = "#products";
    return undefined;
  };
  return html`
    <div class="row row-apart"><h2>${t("new_product")}</h2><${SyncTag} /></div>
    ${
      faults.length > 0 &&
      html`<div class="errors stack stack-close" role="alert"><h3 class="small-head">${t("check_this")}</h3>
        <ul class="stack stack-close">${faults.map((name) => html`<li key=${name}>${t(`wrong_${name}`)}</li>`)}</ul></div>`
    }
    <${Photos} keys=${draft.photos} nameOf=${photoName} onKeep=${keepPhotos} onRemove=${removePhoto} onBusy=${setKeeping} captions=${captions} isBig />
    <${Field} id="new-name" name="product_name" maxlength="250" ...${text("name")} />
    <${Suggestions} draft=${draft} onTaken=${change} />
    <${Select} id="new-type" name="product_type" options=${[["", t("choose_type")], ...choices().product_types.map(({ id, name }) => [id, name])]} ...${text("type")} />
    <fieldset class="field">
      <legend>${t("sales_unit")}</legend>
      <${Units} units=${common} ...${text("unit")} />
      <details open=${others.some(([unit]) => unit === draft.unit)}><summary>${t("other_unit")}</summary><${Units} units=${others} ...${text("unit")} /></details>
    </fieldset>
    ${
      !OWN_CONTENT[draft.unit] &&
      html`<div class="pair">
        <${Field} id="new-content" name="net_quantity" inputmode="decimal" maxlength="12" ...${text("content")} />
        <${Select} id="new-measure" name="measure" options=${measures} ...${text("measure")} />
      </div>`
    }
    <${NumberField} id="new-price" name="price" unit="₫" ...${text("price")} />
    <${UsualPrice} name=${draft.name} unit=${draft.unit} content=${contentOf(draft)} />
    <${NumberField} id="new-stock" name="quantity_in_stock" unit="" ...${text("onHand")} />
    <${Field} id="new-shelf-life" name="shelf_life" maxlength="250" hint=${t("shelf_life_hint")} ...${text("shelfLife")} />
    <details class="panel" open=${faults.includes("origin") || faults.includes("return_terms")}>
      <summary>${t("more_fields")}</summary>
      <div class="stack">
        <${Field} id="new-origin" name="origin" maxlength="250" ...${text("origin")} />
        <${Select} id="new-category" name="category" options=${[["", t("choose_category")], ...categories()]} ...${text("category")} />
        <${Area} id="new-description" name="description" maxlength="5000" ...${text("description")} />
        <${Area} id="new-returns" name="return_terms" maxlength="2000" ...${text("returnTerms")} />
      </div>
    </details>
    ${button("arrow-right", t("submit"), () => save(true), { isBig: true, isOff: isKeeping })}
    ${button("check", t("save_draft"), () => save(false), { isOff: isKeeping })}
  `;
};

const categories = () =>
  choices().categories.map(({ id, name, parent }) => [id, parent ? `${parent} › ${name}` : name]);

const Area = ({ id, name, value, onText, ...attributes }) =>
  html`<div class="field">
  <label for=${id}>${t(name)}</label>
  <textarea class="input" id=${id} rows="3" value=${value} onInput=${({ target }) => onText(target.value)} ...${attributes} />
</div>`;

const Units = ({ units, value, onText }) =>
  html`<div class="keypad">
  ${units.map(
    ([unit, label]) =>
      html`<label class="filter" key=${unit}
      ><input type="radio" name="unit" checked=${value === unit} onChange=${() => onText(unit)} />${label}</label
    >`,
  )}
</div>`;

// Photos that are kept on this phone, and the ways to take and choose more. `onKeep` gets the keys of new ones, and
// `onBusy` whether some are still made smaller. `captions` are the texts that say what each shows.
export const Photos = ({ keys, nameOf, onKeep, onRemove, onBusy = () => {}, captions = null, isBig = false }) => {
  const [isKeeping, setKeeping] = useState(false);
  const keep = async ({ target }) => {
    const kept = [];
    let isFull = false;
    setKeeping(true);
    onBusy(true);
    try {
      for (const file of [...target.files].slice(0, MAX_PHOTOS - keys.length)) kept.push(await keepPhoto(file));
      isNotStored.value = false;
    } catch {
      isFull = true;
    }
    target.value = "";
    setKeeping(false);
    if (kept.length) await onKeep(kept);
    onBusy(false);
    if (isFull) isNotStored.value = true;
  };
  return html`<div class="stack stack-close">
    ${
      keys.length > 0 &&
      html`<ul class="stack stack-close">
        ${keys.map((key, number) => html`<${Photo} key=${key} name=${key} title=${nameOf(number + 1)} captions=${captions} onRemove=${() => onRemove(key)} />`)}
      </ul>`
    }
    ${
      keys.length < MAX_PHOTOS &&
      html`<label class="button ${isBig && !keys.length ? "big-action" : "button-second button-wide"}" for="new-photo"><${Icon} name="camera" /> ${t("take_photo")}</label>
        <input class="visually-hidden" id="new-photo" type="file" accept="image/*" capture="environment" disabled=${isKeeping} onChange=${keep} />
        <label class="button button-second button-wide" for="new-photos"><${Icon} name="plus" /> ${t("choose_photos")}</label>
        <input class="visually-hidden" id="new-photos" type="file" accept="image/*" multiple disabled=${isKeeping} onChange=${keep} />`
    }
  </div>`;
};

const Photo = ({ name, title, captions, onRemove }) => {
  const [shown, setShown] = useState({});
  useEffect(() => {
    let address;
    const show = async () => {
      const photo = (await readPhotos()).find(({ key }) => key === name);
      const content = await readContent(name);
      if (!photo || !content) return;
      address = URL.createObjectURL(new Blob([content], { type: photo.type }));
      setShown({ ...photo, address });
    };
    show();
    return () => URL.revokeObjectURL(address);
  }, [name]);
  const { address, size, refusal } = shown;
  return html`<li class="pick-row">
    ${address ? html`<img class="pick-picture" src=${address} alt="" width="80" height="80" />` : html`<span></span>`}
    <div>
      <p class="strong">${title}</p>
      ${size && html`<span class="tag sync wait"><${Icon} name="clock" /> ${t("state_waiting")} · ${Math.ceil(size / 1024)} KB</span>`}
      ${refusal && html`<p class="error"><${Icon} name="circle-alert" /><span>${refusal.message}</span></p>`}
      ${captions && html`<${Field} id=${`caption-${name}`} name="caption" maxlength="250" value=${captions.textOf(name)} onText=${(text) => captions.onText(name, text)} />`}
      ${captions?.onSave && button("check", t("save_caption"), () => captions.onSave(name), { isOff: captions.isSaved(name) })}
      ${button("circle-x", t("remove_photo"), onRemove)}
    </div>
  </li>`;
};
