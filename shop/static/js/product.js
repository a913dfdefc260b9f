// What a product's page can do beyond its text: be read aloud, and be handed to another app.
(() => {
  "use strict";

  const button = document.querySelector("[data-read-aloud]");
  const speech = window.speechSynthesis;
  const language = document.documentElement.lang;

  // Only where the device has a voice of the language: another one makes Vietnamese unintelligible.
  const voiceOf = (wanted) => speech.getVoices().find((each) => each.lang.toLowerCase().split(/[-_]/)[0] === wanted);

  // What a visitor would read from top to bottom: without menus, forms and hidden words.
  const sentences = () => {
    const parts = document.querySelectorAll(
      "article h1, article h2, article p, article dt, article dd, article .notice",
    );
    return [...parts]
      .filter((part) => part.offsetParent && !part.closest("form") && !part.parentElement.closest(".notice"))
      .map((part) => ({
        text: part.textContent.replace(button.textContent, "").replace(/\s+/g, " ").trim(),
        voice: voiceOf(part.closest("[lang]").lang),
      }))
      .filter((each) => each.text && each.voice);
  };

  if (button && speech) {
    const label = button.querySelector("span");
    const words = label.textContent;
    const offer = () => {
      button.hidden = !voiceOf(language);
    };
    const stop = () => {
      speech.cancel();
      label.textContent = words;
      button.setAttribute("aria-pressed", "false");
    };
    offer();
    speech.addEventListener("voiceschanged", offer);
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-pressed") === "true") return stop();
      speech.cancel();
      const every = sentences();
      every.forEach((each, place) => {
        const said = new SpeechSynthesisUtterance(each.text);
        said.voice = each.voice;
        said.lang = each.voice.lang;
        if (place === every.length - 1) said.addEventListener("end", stop);
        speech.speak(said);
      });
      label.textContent = button.dataset.stop;
      button.setAttribute("aria-pressed", "true");
    });
    window.addEventListener("pagehide", stop);
  }

  const share = document.querySelector("[data-share]");
  if (share && navigator.share) {
    share.hidden = false;
    share.addEventListener("click", () => {
      navigator.share({ title: share.dataset.title, url: share.dataset.share }).catch(() => {}); // closed again
    });
  }
})();
