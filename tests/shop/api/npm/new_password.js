// Setting a new password by a letter's link, which ends what another device was signed in with.
const { Buyer, briefly, given, tell } = require("./buyer.js");

const buyer = new Buyer();
const device = new Buyer(given.refreshToken);

async function reset(token) {
  const { data } = await buyer.client.resetPassword({ email: given.email, password: given.password, token });
  return { errors: briefly(data.setPassword.errors), state: buyer.state };
}

tell({
  before: async () => ({ me: await device.me(), state: device.state }),
  wrong: () => reset("sai"),
  reset: async () => ({ ...(await reset(given.token)), me: await buyer.me() }),
  elsewhere: async () => {
    const later = new Buyer(given.refreshToken);
    return { me: await later.me(), state: later.state, refreshToken: later.refreshToken };
  },
});
