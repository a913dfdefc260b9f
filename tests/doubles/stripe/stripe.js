// A stand-in for Stripe.js: the few calls our page makes, with the card field in a frame of Stripe's own.
(() => {
  const home = new URL(document.currentScript.src).origin;

  class Element {
    constructor(kind) {
      this.kind = kind;
      this.handlers = {};
    }

    mount(place) {
      const target = typeof place === "string" ? document.querySelector(place) : place;
      this.frame = document.createElement("iframe");
      this.frame.title = "Secure payment input frame";
      this.frame.width = "100%";
      this.frame.src = `${home}/js/fields`;
      addEventListener("message", (event) => {
        if (event.source !== this.frame.contentWindow || !event.data.stripe) return;
        const { stripe: kind, ...more } = event.data;
        for (const handler of this.handlers[kind] || []) handler({ elementType: this.kind, ...more });
      });
      target.replaceChildren(this.frame);
    }

    on(kind, handler) {
      (this.handlers[kind] ||= []).push(handler);
      return this;
    }

    unmount() {
      this.frame.remove();
    }

    destroy() {
      this.unmount();
    }

    ask(fields) {
      const id = crypto.getRandomValues(new Uint32Array(1))[0];
      return new Promise((resolve) => {
        this.on("confirmed", (answer) => answer.id === id && resolve(answer.result));
        this.frame.contentWindow.postMessage({ stripe: "confirm", id, fields }, home);
      });
    }
  }

  const back = (address, intent, status) => {
    const url = new URL(address);
    url.searchParams.set("payment_intent", intent.id);
    url.searchParams.set("payment_intent_client_secret", intent.client_secret);
    url.searchParams.set("redirect_status", status);
    return url.href;
  };

  window.Stripe = (key, options = {}) => ({
    elements({ clientSecret, ...more }) {
      const known = ["appearance", "locale", "fonts", "loader"];
      const strange = Object.keys(more).filter((name) => !known.includes(name));
      if (strange.length) throw new Error(`Unknown option of elements(): ${strange}`);
      const made = {};
      return {
        clientSecret,
        made,
        create(kind) {
          if (kind !== "payment") throw new Error(`A valid Element name must be provided, not ${kind}`);
          return (made.payment = new Element(kind));
        },
        getElement: (kind) => made[kind] || null,
        submit: async () => ({}),
      };
    },

    async confirmPayment({ elements, confirmParams = {}, redirect = "always" }) {
      const { return_url: address } = confirmParams;
      const fields = { key, client_secret: elements.clientSecret, return_url: address || "" };
      const { error, paymentIntent } = await elements.made.payment.ask(fields);
      if (error) return { error };
      if (paymentIntent.status === "requires_action") {
        location.assign(paymentIntent.next_action.redirect_to_url.url);
        return new Promise(() => {});
      }
      if (redirect === "if_required") return { paymentIntent };
      location.assign(back(address, paymentIntent, "succeeded"));
      return new Promise(() => {});
    },
  });
})();
