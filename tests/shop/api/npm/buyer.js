// A buyer at a storefront: Saleor's client with a place to keep its refresh token, and what it sent.
const { createSaleorAuthClient } = require("@saleor/auth-sdk");

const given = JSON.parse(process.argv[2]);

// Every request goes out as it is; only the name of its operation is taken down.
let sent = [];
const send = globalThis.fetch;
globalThis.fetch = (address, init) => {
  const [, name] = /(?:mutation|query) (\w+)/.exec(JSON.parse(init.body).query);
  sent.push(init.headers.Authorization ? `${name} by token` : name);
  return send(address, init);
};

class Buyer {
  constructor(refreshToken) {
    this.tokenAt = `${given.api}+saleor_auth_module_refresh_token`;
    this.kept = new Map(refreshToken ? [[this.tokenAt, refreshToken]] : []);
    this.client = createSaleorAuthClient({
      saleorApiUrl: given.api,
      refreshTokenStorage: {
        getItem: (key) => this.kept.get(key) ?? null,
        setItem: (key, value) => this.kept.set(key, value),
        removeItem: (key) => this.kept.delete(key),
      },
    });
  }

  get state() {
    return this.kept.get(`${given.api}+saleor_auth_module_auth_state`);
  }

  get refreshToken() {
    return this.kept.get(this.tokenAt) ?? null;
  }

  async me() {
    const response = await this.client.fetchWithAuth(given.api, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ query: "query me { me { email } }" }),
    });
    return (await response.json()).data.me;
  }
}

/** Does one thing after the other, and prints what came of each and what was sent for it. */
async function tell(steps) {
  const told = {};
  for (const [name, work] of Object.entries(steps)) {
    sent = [];
    told[name] = { ...(await work()), sent };
  }
  process.stdout.write(JSON.stringify(told));
}

const briefly = (errors) => errors.map(({ field, code }) => [field, code]);

module.exports = { Buyer, briefly, given, tell };
