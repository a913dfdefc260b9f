// Show rows as they will be once the waiting commands are done. Nothing here decides: the market may answer otherwise.
const PART_EFFECTS = {
  accept_part: (part) => ({ ...part, state: "accepted", stages: ["pack"] }),
  cancel_part: (part) => ({ ...part, state: part.state === "new" ? "declined" : "cancelled", stages: [] }),
  // The market computes the price of a weight, so the cash is unknown until it has.
  weigh_line: (part, { line, grams }) => ({
    ...part,
    lines: part.lines.map((row) => (row.id === line ? { ...row, weighed_grams: grams } : row)),
    cash_unpacked: part.cash_unpacked === 0 ? 0 : null,
  }),
  // Missing items are taken off the sum as the market does: rounded up, so that the buyer pays nothing for them.
  report_shortage: (part, { available }) => {
    const cash = part.cash_unpacked;
    const missing = part.lines.map((row) => shareOf(row, row.open - (available[row.id] ?? row.open)));
    return {
      ...part,
      lines: part.lines.map((row) => withOpen(row, available[row.id] ?? row.open)),
      cash_unpacked:
        cash &&
        Math.max(
          0,
          missing.reduce((rest, share) => rest - share, cash),
        ),
    };
  },
  pack_parcel: (part, { quantities, lots = {}, picks = {}, label }, { key }) => {
    const cash = cashOf(part, quantities);
    const takeFrom = (row) => (row.id in lots ? row : withoutLots(row, quantities[row.id] ?? 0));
    const lotsOf = ({ id: line, lot_choices: choices = [] }) => {
      const taken = line in lots ? [lots[line]] : (picks[line] ?? []).map(([lot]) => lot);
      return choices.filter(({ id }) => taken.includes(id));
    };
    return {
      ...part,
      lines: part.lines.map((row) => withOpen(takeFrom(row), row.open - (quantities[row.id] ?? 0))),
      cash_unpacked: cash === null ? null : part.cash_unpacked - cash,
      parcels: [
        ...part.parcels,
        {
          id: null,
          packed_by: key,
          label,
          state: "packing",
          carrier: part.delivery.carrier,
          needs_pickup_code: part.delivery.is_pickup,
          cash_state: cash === 0 ? "none" : "expected",
          cash_expected: cash,
          lots: part.lines.flatMap(lotsOf),
          contents: part.lines
            .filter(({ id }) => quantities[id])
            .map(({ id, contents }) => withCount(contents, quantities[id])),
        },
      ],
    };
  },
  close_parcel: changeParcel(() => ({ state: "packed" })),
  hand_over_parcel: changeParcel((payload, parcel, part) => {
    const { carrier, vehicle, driver_phone: phone, is_cash_with_cooperative: isOurs } = payload;
    const driverOfRun = payload.should_leave_run ? "" : parcel.run_driver;
    const named = carrier ?? parcel.carrier;
    const holder = part.delivery.kind === "carrier" && named && !isOurs ? "carrier" : "cooperative";
    const driver = {
      vehicle: vehicle ?? parcel.vehicle,
      driver_phone: phone ?? parcel.driver_phone,
      tracking_number: payload.tracking_number ?? parcel.tracking_number,
    };
    return { state: "handed_over", carrier: named, ...driver, run_driver: driverOfRun, cash_holder: holder };
  }),
  deliver_parcel: changeParcel((payload, parcel) => ({
    state: "delivered",
    ...(payload.is_cash_collected ? withCash(payload, parcel) : {}),
  })),
  report_collected_cash: changeParcel(withCash),
  fail_delivery: changeParcel(({ reason }) => ({ state: "failed_delivery", failure_reason: reason })),
  offer_substitute: (part, { line }) => ({
    ...part,
    lines: part.lines.map((row) => (row.id === line ? { ...row, is_substitute_asked: true } : row)),
  }),
  offer_handover: (part) => part, // the receiver moves the parcel
  receive_parcel: (part, _payload, { subject: { label, position, step } }) => ({
    ...part,
    parcels: part.parcels.map((parcel, at) =>
      (label ? parcel.label === label : at + 1 === position)
        ? { ...parcel, state: receivedState(step, parcel) }
        : parcel,
    ),
  }),
};

// Texts of a quantity begin with it, or have no other number before it.
export const withCount = (text, quantity) => text?.replace(/\d+/, quantity);

const withOpen = (row, open) => ({
  ...row,
  open,
  amount: withCount(row.amount, open),
  contents: withCount(row.contents, open),
});

// Return how much of a quantity comes from each of the suggested lots, in their order.
export const takePicks = (picks = [], quantity) => {
  let missing = quantity;
  return picks.map(([, free]) => {
    const taken = Math.min(free, missing);
    missing -= taken;
    return taken;
  });
};

const withoutLots = (row, quantity) => {
  const taken = takePicks(row.lot_picks, quantity);
  return { ...row, lot_picks: row.lot_picks?.map(([lot, free], at) => [lot, free - taken[at]]) };
};

// Return what missing sales units of a line take off its total.
export const shareOf = ({ total, quantity }, missing) => Math.ceil((total * missing) / quantity);

// A parcel that is further already stays as it is.
export const receivedState = (step, { state }) => {
  if (step === "to_point") return state === "packing" ? "packed" : state;
  return ["packed", "failed_delivery"].includes(state) ? "handed_over" : state;
};

// Return the cash of a new parcel with these quantities, null if it is unknown. The last parcel takes the rest.
export const cashOf = ({ cash_unpacked: cash = null, lines }, quantities) => {
  if (!cash || lines.every(({ id, open }) => open === (quantities[id] ?? 0))) return cash;
  const share = ({ id, total, quantity }) => Math.floor((total * (quantities[id] ?? 0)) / quantity);
  return Math.min(
    cash,
    lines.reduce((sum, line) => sum + share(line), 0),
  );
};

export function withCash({ cash }, { cash_expected: expected }) {
  return { cash_state: "collected", cash_collected: cash ?? expected };
}

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
  add_product_photo: (product) => product, // the market makes its small picture
  add_lot_photo: (product) => product,
  move_product_photo: (product, { photo, position }) => {
    const photos = (product.photos ?? []).filter(({ id }) => id !== photo);
    const moved = (product.photos ?? []).filter(({ id }) => id === photo);
    photos.splice(position, 0, ...moved);
    return { ...product, photos };
  },
  describe_product_photo: (product, { photo, caption }) => ({
    ...product,
    photos: (product.photos ?? []).map((row) => (row.id === photo ? { ...row, caption } : row)),
  }),
  remove_product_photo: (product, { photo }) => ({
    ...product,
    photos: (product.photos ?? []).filter(({ id }) => id !== photo),
  }),
  change_season: (product, _payload, { subject: { season } }) => ({ ...product, season }),
  pause_listing: changeListing("paused"),
  resume_listing: changeListing("published"),
  receive_stock: (product, payload) => moveStock(product, payload, payload.warehouse, payload.quantity),
  write_off_stock: (product, payload) => moveStock(product, payload, payload.warehouse, -payload.quantity),
  transfer_stock: (product, payload) => {
    const without = moveStock(product, payload, payload.warehouse, -payload.quantity);
    return moveStock(without, payload, payload.to, payload.quantity);
  },
  count_stock: (product, payload) => {
    const { stocks } = product.variants.find(({ id }) => id === payload.variant) ?? { stocks: [] };
    return moveStock(product, payload, payload.warehouse, payload.counted - onHandIn(stocks, payload.warehouse));
  },
  count_lot: (product, payload) => {
    const lot = product.variants.flatMap(({ lots = [] }) => lots).find(({ id }) => id === payload.lot);
    if (!lot) return product;
    return moveStock(product, payload, payload.warehouse, payload.counted - onHandIn(lot.balances, payload.warehouse));
  },
  receive_lot: (product, { variant, warehouse, quantity, harvested_on, expires_on }, { key }) =>
    moveStock(
      changeVariant(product, variant, ({ lots = [] }) => ({
        lots: [...lots, { key, harvested_on, expires_on, balances: [{ warehouse, on_hand: quantity }] }],
      })),
      { variant },
      warehouse,
      quantity,
    ),
  add_lot_stage: (product) => product,
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

const onHandIn = (rows, place) => rows.find(({ warehouse }) => warehouse === place)?.on_hand ?? 0;

const addIn = (rows, place, quantity) => {
  const isHere = ({ warehouse }) => warehouse === place;
  const known = rows.some(isHere) ? rows : [...rows, { warehouse: place, on_hand: 0, reserved: 0, allocated: 0 }];
  return known.map((row) => (isHere(row) ? { ...row, on_hand: row.on_hand + quantity } : row));
};

// Change the stock in a warehouse, and the balance of the lot if one is named.
function moveStock(product, { variant, lot }, warehouse, quantity) {
  return changeVariant(product, variant, ({ stocks, lots = [] }) => ({
    stocks: addIn(stocks, warehouse, quantity),
    lots: lots.map((row) =>
      lot && row.id === lot ? { ...row, balances: addIn(row.balances, warehouse, quantity) } : row,
    ),
  }));
}

const EFFECTS = { part: PART_EFFECTS, product: PRODUCT_EFFECTS };

// Return a part or a product as it will be.
export const withPending = (row, outbox) =>
  outbox
    .filter(({ subject, state }) => state === "waiting" && subject[row.kind] === row.id)
    .reduce((changed, command) => EFFECTS[row.kind][command.name](changed, command.payload, command, outbox), row);

// Whether members have to collect the parcel's cash; a carrier's cash is reported by its statement.
export const hasCash = ({ cash_state: state, cash_holder: holder }) => state === "expected" && holder !== "carrier";

export const isEnded = ({ state }) => ["declined", "cancelled"].includes(state);

// The number of the step that a part waits for, as its page counts: accept, pick, label, hand over; 5 when all are done.
export const stepOf = ({ state, parcels, lines }) => {
  const states = parcels.map((parcel) => parcel.state);
  if (state === "new") return 1;
  if (isEnded({ state })) return 5;
  if (states.includes("packing")) return 3;
  if (states.includes("packed")) return 4;
  return lines.some(({ open }) => open > 0) ? 2 : 5;
};

export const isToLabel = (part) => stepOf(part) === 3;

// The step that a part waits for, also after its pending commands.
export const stageOf = (part) => {
  if (part.state === "new") return "accept";
  if (isEnded(part)) return "done";
  const states = part.parcels.map(({ state }) => state);
  if (part.lines.some(({ open }) => open > 0) || states.includes("packing")) return "pack";
  if (states.includes("packed") || states.includes("failed_delivery")) return "hand_over";
  if (states.includes("handed_over")) return "on_the_way";
  return part.parcels.some((parcel) => parcel.state === "delivered" && hasCash(parcel)) ? "collect_cash" : "done";
};
