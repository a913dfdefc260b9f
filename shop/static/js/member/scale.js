// Read a weight from a scale with the Weight Scale Service of the Bluetooth standard.
const WEIGHT_SCALE = 0x181d,
  WEIGHT_MEASUREMENT = 0x2a9d;
const PATIENCE = 30_000; // milliseconds, for the goods to be put on the scale
const UNSUCCESSFUL = 0xffff;
const GRAMS_OF_SI_STEP = 5, // 0.005 kg
  GRAMS_OF_IMPERIAL_STEP = 4.5359237; // 0.01 lb
const [IS_IMPERIAL, HAS_TIME, HAS_USER, HAS_BODY] = [1, 2, 4, 8];

// Return the grams of a Weight Measurement, null if the scale could not weigh or the value is not as the standard says.
// Time, user and body measures may follow the weight; they are skipped, and the length must fit the flags.
export const gramsOf = (view) => {
  const flags = view.byteLength && view.getUint8(0);
  const size = 3 + (flags & HAS_TIME ? 7 : 0) + (flags & HAS_USER ? 1 : 0) + (flags & HAS_BODY ? 4 : 0);
  if (view.byteLength !== size) return null;
  const steps = view.getUint16(1, true);
  if (steps === UNSUCCESSFUL) return null;
  return Math.round(steps * (flags & IS_IMPERIAL ? GRAMS_OF_IMPERIAL_STEP : GRAMS_OF_SI_STEP));
};

let scale = null; // the one that the member chose on this page

// Return the next weight above 0, null if the member chose no scale. Rejects if the scale does not answer.
export const readScale = async () => {
  try {
    scale ??= await navigator.bluetooth.requestDevice({ filters: [{ services: [WEIGHT_SCALE] }] });
  } catch (error) {
    if (error.name === "NotFoundError") return null;
    throw error;
  }
  try {
    const service = await (await scale.gatt.connect()).getPrimaryService(WEIGHT_SCALE);
    const characteristic = await service.getCharacteristic(WEIGHT_MEASUREMENT);
    return await new Promise((resolve, reject) => {
      AbortSignal.timeout(PATIENCE).addEventListener("abort", reject);
      scale.addEventListener("gattserverdisconnected", reject, { once: true });
      characteristic.addEventListener("characteristicvaluechanged", ({ target }) => {
        const grams = gramsOf(target.value);
        if (grams) resolve(grams);
      });
      characteristic.startNotifications().catch(reject);
    });
  } catch (error) {
    const { gatt } = scale;
    scale = null;
    gatt.disconnect();
    throw error;
  } finally {
    scale?.gatt.disconnect();
  }
};
