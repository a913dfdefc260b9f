// Card fields in Stripe's own frame: our page never receives a card number. Without scripts, or if Stripe's script
// does not load, the button to Stripe's page stays.
(() => {
  "use strict";

  const loadScript = (address) =>
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
  const startPayment = async (box, showMessage) => {
    for (let tries = 0; ; tries++) {
      const response = await fetch(box.dataset.fields, {
        method: "POST",
        headers: { "X-CSRFToken": box.querySelector("[name=csrfmiddlewaretoken]").value },
      });
      const details = await response.json();
      if (!details.message || tries === 10) return details;
      showMessage(details.message);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  };

  const openFields = async (box) => {
    const message = box.querySelector("[data-card-message]"),
      button = box.querySelector("button");
    const showMessage = (text) => {
      message.firstElementChild.textContent = text;
      message.hidden = !text;
    };
    try {
      const [details] = await Promise.all([startPayment(box, showMessage), loadScript(box.dataset.script)]);
      if (details.reload) {
        location.reload();
        return;
      }
      showMessage(details.message || message.dataset.before);
      if (!details.secret) return;
      const stripe = window.Stripe(details.key);
      const elements = stripe.elements({ clientSecret: details.secret, locale: box.dataset.locale });
      const fields = elements.create("payment");
      fields.mount(box.querySelector("[data-card-fields]"));
      fields.on("ready", () => {
        button.hidden = false;
      });
      button.addEventListener("click", async () => {
        button.disabled = true;
        showMessage("");
        const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url: details.back } });
        button.disabled = false;
        if (error) showMessage(error.message);
      });
    } catch {
      showMessage(box.dataset.trouble);
    }
  };

  const openNewFields = () => {
    for (const box of document.querySelectorAll("[data-card]:not([data-opened])")) {
      box.dataset.opened = "yes";
      openFields(box);
    }
  };
  openNewFields();
  document.addEventListener("htmx:load", openNewFields);
})();
