// Signing in, going on after the access token has run out, and signing out.
const { Buyer, briefly, given, tell } = require("./buyer.js");

const buyer = new Buyer();
let ahead = 0; // milliseconds
const now = Date.now;
Date.now = () => now() + ahead;

async function signIn(password) {
  const { data } = await buyer.client.signIn({ email: given.email, password });
  return { errors: briefly(data.tokenCreate.errors), state: buyer.state };
}

tell({
  wrong: () => signIn("sai"),
  signedIn: async () => ({ ...(await signIn(given.password)), me: await buyer.me(), refreshToken: buyer.refreshToken }),
  expired: async () => {
    ahead += 5 * 60_000;
    return { me: await Promise.all([buyer.me(), buyer.me()]), state: buyer.state };
  },
  signedOut: async () => {
    buyer.client.signOut();
    return { state: buyer.state, refreshToken: buyer.refreshToken, me: await buyer.me() };
  },
});
