// Signing keys of members on a shared phone. A key cannot be read out of the browser again.
const encode = (text) => new TextEncoder().encode(text);
export const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

export const importKey = (bytes) =>
  crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

// Return the signature of a text in hexadecimal.
export const sign = async (key, text) => {
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(text)));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};
