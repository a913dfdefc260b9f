// Show rows as they will be once the waiting commands are done. Nothing here decides: the market may answer otherwise.
const PART_EFFECTS = {
  accept_part: (part) => ({ ...part, state: "accepted", stages: ["pack"] }),
  // The market computes the price of a weight, so the cash is unknown until it has.
  weigh_line: (part, { line, grams }) => ({
    ...part,
    lines: part.lines.map((row) => (row.id === line ? { ...row, weighed_grams: grams } : row)),
    cash_unpacked: part.cash_unpacked === 0 ? 0 : null,
  }),
  pack_parcel: (part, { quantities }, { key }) => {
    const cash = cashOf(part, quantities);
    return {
      ...part,
      lines: part.lines.map((row) => ({ ...row, open: row.open - (quantities[row.id] ?? 0) })),
      cash_unpacked: cash === null ? null : part.cash_unpacked - cash,
      parcels: [
        ...part.parcels,
        {
          id: null,
          packed_by: key,
          number: part.parcels.length + 1,
          state: "packing",
          carrier: part.delivery.carrier,
          needs_pickup_code: part.delivery.is_pickup,
          cash_state: cash === 0 ? "none" : "expected",
          cash_expected: cash,
          contents: part.lines.filter(({ id }) => quantities[id]).map(({ contents }) => contents),
        },
      ],
    };
  },
  close_parcel: changeParcel(() => ({ state: "packed" })),
  hand_over_parcel: changeParcel(({ carrier, is_cash_with_cooperative: isOurs }, parcel, part) => {
    const named = carrier ?? parcel.carrier;
    const holder = part.delivery.kind === "carrier" && named && !isOurs ? "carrier" : "cooperative";
    return { state: "handed_over", carrier: named, cash_holder: holder };
  }),
  deliver_parcel: changeParcel(({ is_cash_collected: isCollected }, { cash_state: cash }) => ({
    state: "delivered",
    cash_state: isCollected ? "collected" : cash,
  })),
  report_collected_cash: changeParcel(() => ({ cash_state: "collected" })),
  fail_delivery: changeParcel(() => ({ state: "failed_delivery" })),
};

// Return the cash of a new parcel with these quantities, null if it is unknown. The last parcel takes the rest.
const cashOf = ({ cash_unpacked: cash = null, lines }, quantities) => {
  if (!cash || lines.every(({ id, open }) => open === (quantities[id] ?? 0))) return cash;
  const share = ({ id, total, quantity }) => Math.floor((total * (quantities[id] ?? 0)) / quantity);
  return Math.min(
    cash,
    lines.reduce((sum, line) => sum + share(line), 0),
  );
};

// A parcel is named by its id, or by the command that packed it, whose answer may have brought the id meanwhile.
function changeParcel(change) {
  return (part, payload, _command, outbox) => {
    const { parcel, packed_by: key } = payload;
    const id = parcel ?? outbox.find((command) => command.key === key)?.result?.parcel;
    const isNamed = (row) => (id ? row.id === id : Boolean(key) && row.packed_by === key);
    return {
      ...part,
      parcels: part.parcels.map((row) => (isNamed(row) ? { ...row, ...change(payload, row, part) } : row)),
    };
  };
}

const PRODUCT_EFFECTS = {
  change_price: (product, { listing, variant, amount }) => {
    const channel = product.listings.find(({ id }) => id === listing)?.channel;
    const change = (price) => (price.channel === channel ? { ...price, amount, discounted: null } : price);
    return changeVariant(product, variant, (row) => ({ prices: row.prices.map(change) }));
  },
  pause_listing: changeListing("paused"),
  resume_listing: changeListing("published"),
  receive_stock: changeStock((onHand, { quantity }) => onHand + quantity),
  write_off_stock: changeStock((onHand, { quantity }) => onHand - quantity),
  count_stock: changeStock((_onHand, { counted }) => counted),
  transfer_stock: (product, payload) => {
    const without = changeStock((onHand, { quantity }) => onHand - quantity)(product, payload);
    return changeStock((onHand, { quantity }) => onHand + quantity)(without, { ...payload, warehouse: payload.to });
  },
};

function changeVariant(product, variant, change) {
  const variants = product.variants.map((row) => (row.id === variant ? { ...row, ...change(row) } : row));
  return { ...product, variants };
}

function changeListing(state) {
  return (product, { listing }) => ({
    ...product,
    listings: product.listings.map((row) => (row.id === listing ? { ...row, state } : row)),
  });
}

function changeStock(change) {
  return (product, payload) =>
    changeVariant(product, payload.variant, ({ stocks }) => {
      const isHere = ({ warehouse }) => warehouse === payload.warehouse;
      const empty = { warehouse: payload.warehouse, on_hand: 0, reserved: 0, allocated: 0 };
      const known = stocks.some(isHere) ? stocks : [...stocks, empty];
      return {
        stocks: known.map((row) => (isHere(row) ? { ...row, on_hand: change(row.on_hand, payload) } : row)),
      };
    });
}

const EFFECTS = { part: PART_EFFECTS, product: PRODUCT_EFFECTS };

// Return a part or a product as it will be.
export const withPending = (row, outbox) =>
  outbox
    .filter(({ subject, state }) => state === "waiting" && subject[row.kind] === row.id)
    .reduce((changed, command) => EFFECTS[row.kind][command.name](changed, command.payload, command, outbox), row);

// Whether members have to collect the parcel's cash; a carrier's cash is reported by its statement.
export const hasCash = ({ cash_state: state, cash_holder: holder }) => state === "expected" && holder !== "carrier";

// The number of the step that a part waits for, as its page counts: accept, pick, label, hand over; 5 when all are done.
export const stepOf = ({ state, parcels, lines }) => {
  const states = parcels.map((parcel) => parcel.state);
  if (state === "new") return 1;
  if (states.includes("packing")) return 3;
  if (states.includes("packed")) return 4;
  return lines.some(({ open }) => open > 0) ? 2 : 5;
};

export const isToLabel = (part) => stepOf(part) === 3;

// The step that a part waits for, also after its pending commands.
export const stageOf = (part) => {
  if (part.state === "new") return "accept";
  const states = part.parcels.map(({ state }) => state);
  if (part.lines.some(({ open }) => open > 0) || states.includes("packing")) return "pack";
  if (states.includes("packed") || states.includes("failed_delivery")) return "hand_over";
  if (states.includes("handed_over")) return "on_the_way";
  return part.parcels.some((parcel) => parcel.state === "delivered" && hasCash(parcel)) ? "collect_cash" : "done";
};
