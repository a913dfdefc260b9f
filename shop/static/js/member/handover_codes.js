// Codes of hand-overs, as the market computes them again: six digits and a signed text for a QR code.
const SIGNATURE_LENGTH = 32;

const sign = async (key, text) => {
  const bytes = Uint8Array.from(key.match(/../g), (pair) => Number.parseInt(pair, 16));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", imported, new TextEncoder().encode(text));
  return Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

// Luhn's check digit, which shows wrong digits without a network.
export const checkDigit = (digits) => {
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = place % 2 ? Number(digit) : 2 * Number(digit);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return String((10 - (sum % 10)) % 10);
};

export const isTyped = (digits) => /^\d{6}$/.test(digits) && checkDigit(digits.slice(0, 5)) === digits[5];

export const digitsOf = async (key, subject) => {
  const number = Number.parseInt((await sign(key, subject)).slice(0, 8), 16) % 100_000;
  const five = String(number).padStart(5, "0");
  return five + checkDigit(five);
};

export const tokenOf = async (key, subject, detail) => {
  const body = `${subject}.${detail}`;
  return `${body}.${(await sign(key, body)).slice(0, SIGNATURE_LENGTH)}`;
};

// A parcel that a phone packed is named by the letters on its label, others by their position among the part's parcels.
export const isPhoneLabel = (text) => /^[A-Z]{4}$/.test(text ?? "");
export const nameParcel = ({ label }, at) => (isPhoneLabel(label) ? { label } : { position: at + 1 });
export const findNamed = (parcels, { label, position }) =>
  label ? parcels.find((parcel) => parcel.label === label) : parcels[position - 1];

const SUBJECT = /^p\.(\d+)\.(?:([A-Z]{4})|(\d+))\.(to_point|to_driver)\.(\d+)/;

// Return what a code of members is about, null for a driver's and for a code that the market made.
export const readSubject = (token) => {
  const [, part, label, position, step, earlier] = SUBJECT.exec(token) ?? [];
  const named = label ? { label } : { position: Number(position) };
  return part ? { part: Number(part), ...named, step, earlier: Number(earlier) } : null;
};

export const subjectOf = (part, named, step) =>
  `p.${part.id}.${named.label ?? named.position}.${step}.${findNamed(part.parcels, named)?.handovers?.[step] ?? 0}`;

// Whether the QR code was signed with the key of the part.
export const isSigned = async (token, part) => {
  const [subject] = SUBJECT.exec(token);
  const detail = token.slice(subject.length + 1).split(".")[0];
  return (await tokenOf(part.handover_key, subject, detail)) === token;
};

// Find the parcel of a part whose code has these digits, null if none has. It may be one that only its phone knows.
export const findByDigits = async (part, digits, label) => {
  const unknown = isPhoneLabel(label) ? { label } : { position: part.parcels.length + 1 };
  for (const named of [...part.parcels.map(nameParcel), unknown])
    for (const step of ["to_point", "to_driver"])
      if ((await digitsOf(part.handover_key, subjectOf(part, named, step))) === digits) return { ...named, step };
  return null;
};

// Return the token of a scanned address of this market, "" for any other text.
export const tokenFrom = (text) => {
  try {
    const { origin, pathname } = new URL(text); // browsers before 2024 have no `canParse`
    const match = /\/xa-vien\/ban-giao\/([^/]+)\/?$/.exec(pathname);
    return match && origin === location.origin ? match[1] : "";
  } catch {
    return "";
  }
};
