// On a product's screen: its photos, and the months in which it is sold. On a lot's screen: the lot's photos.
import { useState } from "preact/hooks";
import { button, Field, Thumbnail } from "member/controls";
import { html } from "member/html";
import { Photos } from "member/new_listing";
import { changeOutbox, giveListing, Icon, isNotStored, seasonOf, t, waiting } from "member/phone";
import { removePhotos } from "member/photos";
import { addCommands, dropCommand, dropWaiting } from "member/store";
import { stopSynchronising } from "member/sync";

const MONTHS = Array.from({ length: 12 }, (_none, index) => index + 1);
const ALL_MONTHS = seasonOf("");
const bitOf = (month) => 1 << (month - 1);

// Return months as the market writes them, such as "1, 6-9"; empty for all year.
const monthsText = (season) => {
  const ranges = [];
  for (const month of season === ALL_MONTHS ? [] : MONTHS.filter((one) => season & bitOf(one))) {
    const range = ranges.at(-1);
    if (range?.[1] === month - 1) range[1] = month;
    else ranges.push([month, month]);
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(", ");
};

export const PhotosAndSeason = ({ listing }) => {
  const isApproved = ["published", "paused"].includes(listing.state);
  return html`
    ${isApproved && html`<p class="soft">${t("what_is_reviewed")}</p>`}
    <${MorePhotos} name="add_product_photo" of=${{ product: listing.product.id }} subject=${subjectOf(listing)} />
    <${EditPhotos} listing=${listing} isApproved=${isApproved} />
    <${EditSeason} key=${listing.product.season} listing=${listing} />
  `;
};

const subjectOf = ({ id, product, currency }) => ({ product: product.id, name: product.name, listing: id, currency });

export const LotPhotos = ({ product, variant, lot }) =>
  html`<${MorePhotos} name="add_lot_photo" of=${{ variant: variant.id, lot: lot.id }} subject=${{ product: product.id, name: product.name, unit: variant.unit }} />`;

// Each photo is a command of its own, so that one which is no photo holds up no other. `of` is what the photos are of.
const MorePhotos = ({ name, of, subject }) => {
  const isOf = ({ payload }) => Object.keys(of).every((field) => payload[field] === of[field]);
  const commands = waiting().filter((command) => command.name === name && isOf(command));
  const add = async (keys) => {
    const chainsOf = (key) => [`photo-${key}`];
    const given = keys.map((key) => ({ name, payload: { ...of, photos: [key] }, subject, chains: chainsOf(key) }));
    if (await changeOutbox(() => addCommands(given))) return;
    await removePhotos(keys);
    isNotStored.value = true;
  };
  const [texts, setTexts] = useState({});
  const describing = (photo) => waiting().filter(({ payload }) => payload.photo_key === photo);
  const captions = name === "add_product_photo" && {
    textOf: (photo) => texts[photo] ?? describing(photo).at(-1)?.payload.caption ?? "",
    onText: (photo, text) => setTexts((before) => ({ ...before, [photo]: text })),
    onSave: (photo) => {
      const payload = { ...of, photo_key: photo, caption: texts[photo].trim() };
      const command = { name: "describe_product_photo", payload, subject, chains: [`photo-${photo}`] };
      return changeOutbox(() => addCommands([command]));
    },
    isSaved: (photo) => !(photo in texts) || texts[photo].trim() === describing(photo).at(-1)?.payload.caption,
  };
  // A photo that is being sent may arrive first; then it stays.
  const remove = (photo) => {
    const command = commands.find(({ payload }) => payload.photos.includes(photo));
    const drop = async () => {
      for (const { key } of describing(photo)) await dropWaiting(key);
      if (await dropWaiting(command.key)) await removePhotos([photo]);
    };
    return stopSynchronising(() => changeOutbox(drop));
  };
  return html`<details open=${commands.length > 0}>
    <summary>${t("add_photos")}</summary>
    <${Photos}
      keys=${commands.flatMap(({ payload }) => payload.photos)}
      nameOf=${() => t(`did_${name}`)}
      onKeep=${add}
      onRemove=${remove}
      captions=${captions}
    />
  </details>`;
};

// The photos in their order, and what was done with them and is not sent yet. As on the market's page, an approved
// product keeps a photo that is ready.
const EditPhotos = ({ listing, isApproved }) => {
  const { product } = listing;
  const shown = product.photos ?? [];
  const ready = shown.filter(({ is_ready: isReady }) => isReady);
  const given = waiting().filter(
    ({ name, payload, subject }) =>
      ["move_product_photo", "remove_product_photo", "describe_product_photo"].includes(name) &&
      !payload.photo_key && // of a new photo, beside which it is shown
      subject.product === product.id,
  );
  if (!shown.length && !given.length) return null;
  const nameAt = (index) => (index ? t("photo_number", { number: index + 1 }) : t("cover_photo"));
  const give = (name, index, place = {}) => {
    const payload = { product: product.id, photo: shown[index].id, ...place };
    return giveListing(listing, name, payload, [`photos-${product.id}`], { photo: nameAt(index) });
  };
  const describe = (photo, text, index) =>
    giveListing(
      listing,
      "describe_product_photo",
      { product: product.id, photo, caption: text },
      [`photos-${product.id}`],
      { photo: nameAt(index) },
    );
  // What is being sent may arrive first; then it stays.
  const undo = ({ key }) =>
    stopSynchronising(() => changeOutbox(async () => waiting().some((one) => one.key === key) && dropCommand(key)));
  const named = (text, name) => html`${text}<span class="visually-hidden">: ${name}</span>`;
  return html`<details open=${given.length > 0}>
    <summary>${t("edit_photos")}</summary>
    <ol class="stack">
      ${shown.map(({ id, address, caption = "", is_ready: isReady }, index) => {
        const name = nameAt(index);
        const move = (text, position) => {
          const moveIt = () => give("move_product_photo", index, { position });
          return html`<button class="button button-second" type="button" onClick=${moveIt}>${named(t(text), name)}</button>`;
        };
        const isNeeded = isApproved && isReady && ready.length === 1;
        return html`<li class="pick-row ${address ? "" : "without-picture"}" key=${id}>
          ${address && html`<${Thumbnail} address=${address} />`}
          <div class="stack stack-close">
            <p class="strong">${name}</p>
            <${Caption} key=${caption} id=${id} caption=${caption} name=${name} onSave=${(text) => describe(id, text, index)} />
            <div class="row">
              ${index > 0 && move("set_cover", 0)}
              ${index > 1 && move("move_up", index - 1)}
              ${index < shown.length - 1 && move("move_down", index + 1)}
            </div>
            ${
              isNeeded
                ? html`<p class="hint">${t("last_picture")}</p>`
                : button("circle-x", named(t("remove_photo"), name), () => give("remove_product_photo", index))
            }
          </div>
        </li>`;
      })}
    </ol>
    <div class="stack">
      ${given.map(
        (command) =>
          html`<div class="stack stack-close" key=${command.key}>
          <p><${Icon} name="clock" /> ${t(`did_${command.name}`)}: ${command.subject.photo}</p>
          ${button("refresh-cw", named(t("undo"), `${t(`did_${command.name}`)}, ${command.subject.photo}`), () => undo(command))}
        </div>`,
      )}
    </div>
  </details>`;
};

// What a photo shows, for people who cannot see it.
const Caption = ({ id, caption, name, onSave }) => {
  const [written, setWritten] = useState(caption);
  return html`<${Field} id=${`caption-${id}`} name="caption" maxlength="250" value=${written} onText=${setWritten} />
    ${button("check", html`${t("save_caption")}<span class="visually-hidden">: ${name}</span>`, () => onSave(written.trim()), { isOff: written.trim() === caption })}`;
};

const EditSeason = ({ listing }) => {
  const { product } = listing;
  const seen = seasonOf(product.season);
  const [chosen, setChosen] = useState(product.season ? seen : 0);
  const season = chosen || ALL_MONTHS;
  const save = () => {
    const months = monthsText(season);
    const payload = { product: product.id, season, seen };
    return giveListing(listing, "change_season", payload, [`season-${product.id}`], { season: months });
  };
  return html`<details>
    <summary>${t("edit_season")}</summary>
    <div class="stack">
      <fieldset class="field" aria-describedby="season-hint">
        <legend>${t("months_available")}</legend>
        <div class="keypad keypad-months">
          ${MONTHS.map(
            (month) =>
              html`<label class="filter" key=${month}
              ><input type="checkbox" checked=${Boolean(chosen & bitOf(month))} onChange=${() => setChosen(chosen ^ bitOf(month))} /><span class="visually-hidden">${t("month")} </span>${month}</label
            >`,
          )}
        </div>
        <p class="hint" id="season-hint">${t("months_hint")}</p>
      </fieldset>
      ${button("check", t("save_changes"), save, { isOff: season === seen })}
    </div>
  </details>`;
};
