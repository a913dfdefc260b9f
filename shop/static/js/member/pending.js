// Show rows as they will be once the waiting commands are done. Nothing here decides: the market may answer otherwise.
const EFFECTS = {
  accept_part: (part) => ({ ...part, state: "accepted", stages: ["pack"] }),
  weigh_line: (part, { line, grams }) => ({
    ...part,
    lines: part.lines.map((row) => (row.id === line ? { ...row, weighed_grams: grams } : row)),
  }),
  pack_parcel: (part, { quantities }, { key }) => ({
    ...part,
    lines: part.lines.map((row) => ({ ...row, open: row.open - (quantities[row.id] ?? 0) })),
    parcels: [
      ...part.parcels,
      {
        id: null,
        packed_by: key,
        number: part.parcels.length + 1,
        state: "packing",
        cash_state: "none",
        lines: Object.entries(quantities).map(([line, quantity]) => ({ line, quantity })),
      },
    ],
  }),
  close_parcel: moveParcel("packed"),
  hand_over_parcel: moveParcel("handed_over"),
  deliver_parcel: moveParcel("delivered"),
  report_collected_cash: (part) => part,
};

function moveParcel(state) {
  return (part, { parcel, packed_by }) => ({
    ...part,
    parcels: part.parcels.map((row) =>
      (parcel && row.id === parcel) || (packed_by && row.packed_by === packed_by) ? { ...row, state } : row,
    ),
  });
}

export const withPending = (part, outbox) =>
  outbox
    .filter(({ subject, state }) => state === "waiting" && subject.part === part.id)
    .reduce((row, command) => EFFECTS[command.name](row, command.payload, command), part);

// The step that a part waits for, also after its pending commands.
export const stageOf = (part) => {
  if (part.state === "new") return "accept";
  const states = part.parcels.map(({ state }) => state);
  if (part.lines.some(({ open }) => open > 0) || states.includes("packing")) return "pack";
  if (states.includes("packed") || states.includes("failed_delivery")) return "hand_over";
  if (states.includes("handed_over")) return "on_the_way";
  return "done";
};
