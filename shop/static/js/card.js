// Card fields in Stripe's own frame: our page never receives a card number. Without scripts, or if Stripe's script
// does not load, the button to Stripe's page stays.
(() => {
  "use strict";

  const loading = (address) =>
    new Promise((resolve, reject) => {
      if (window.Stripe) {
        resolve();
        return;
      }
      const script = document.createElement("script");
      script.src = address;
      script.addEventListener("load", resolve);
      script.addEventListener("error", reject);
      document.head.append(script);
    });

  // Reload while the payment's state is unknown: the call to Stripe may be in progress.
  const given = async (place, tell) => {
    for (let tries = 0; ; tries++) {
      const answer = await fetch(place.dataset.fields, {
        method: "POST",
        headers: { "X-CSRFToken": place.querySelector("[name=csrfmiddlewaretoken]").value },
      });
      const details = await answer.json();
      if (!details.message || tries === 10) return details;
      tell(details.message);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  };

  const open = async (place) => {
    const message = place.querySelector("[data-card-message]"),
      button = place.querySelector("button");
    const tell = (words) => {
      message.firstElementChild.textContent = words;
      message.hidden = !words;
    };
    try {
      const [details] = await Promise.all([given(place, tell), loading(place.dataset.script)]);
      if (details.reload) {
        location.reload();
        return;
      }
      tell(details.message || message.dataset.before);
      if (!details.secret) return;
      const stripe = window.Stripe(details.key);
      const elements = stripe.elements({ clientSecret: details.secret, locale: place.dataset.locale });
      const fields = elements.create("payment");
      fields.mount(place.querySelector("[data-card-fields]"));
      fields.on("ready", () => {
        button.hidden = false;
      });
      button.addEventListener("click", async () => {
        button.disabled = true;
        tell("");
        const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url: details.back } });
        button.disabled = false;
        if (error) tell(error.message);
      });
    } catch {
      tell(place.dataset.trouble);
    }
  };

  const look = () => {
    for (const place of document.querySelectorAll("[data-card]:not([data-opened])")) {
      place.dataset.opened = "yes";
      open(place);
    }
  };
  look();
  document.addEventListener("htmx:load", look);
})();
