// Read a page aloud, sentence by sentence, if the device has a voice for its language.
(() => {
  "use strict";

  const button = document.querySelector("[data-read-aloud]");
  const speech = window.speechSynthesis;
  const language = document.documentElement.lang;

  // Only if the device has a voice for the language: another one makes Vietnamese unintelligible.
  const voiceOf = (wanted) => speech.getVoices().find((voice) => voice.lang.toLowerCase().split(/[-_]/)[0] === wanted);

  // The text that a visitor reads from top to bottom: without menus and hidden texts. On a market page these are the
  // article's texts without its forms; a button may name others.
  const sentences = () => {
    const parts = document.querySelectorAll(
      button.dataset.readAloud || "article :is(h1, h2, p, dt, dd, .notice):not(form *)",
    );
    return [...parts]
      .filter((part) => part.offsetParent && ![...parts].some((other) => other !== part && other.contains(part)))
      .map((part) => ({
        text: part.innerText.replace(button.innerText, "").replace(/\s+/g, " ").trim(),
        voice: voiceOf(part.closest("[lang]").lang),
      }))
      .filter((sentence) => sentence.text && sentence.voice);
  };

  // Alerts that arrive while a members' page is open are spoken, too.
  if (speech && "serviceWorker" in navigator)
    navigator.serviceWorker.addEventListener("message", ({ data }) => {
      const voice = voiceOf(language);
      if (!voice || !data || !data.spokenAlert) return;
      const utterance = new SpeechSynthesisUtterance(data.spokenAlert);
      utterance.voice = voice;
      utterance.lang = voice.lang;
      speech.speak(utterance);
    });

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
      every.forEach((sentence, place) => {
        const utterance = new SpeechSynthesisUtterance(sentence.text);
        utterance.voice = sentence.voice;
        utterance.lang = sentence.voice.lang;
        if (place === every.length - 1) utterance.addEventListener("end", stop);
        speech.speak(utterance);
      });
      label.textContent = button.dataset.stop;
      button.setAttribute("aria-pressed", "true");
    });
    for (const name of ["pagehide", "hashchange"]) window.addEventListener(name, stop); // a screen of the app has a hash
  }
})();
