"""A voice for a tested browser, which has none of its own: it notes what it is asked to say."""

from __future__ import annotations

from playwright.sync_api import Page

_VOICE = """(() => {
  window.spoken = [];
  const voice = { lang: "vi-VN", name: "Linh" };
  Object.defineProperty(speechSynthesis, "getVoices", { value: () => [voice] });
  Object.defineProperty(speechSynthesis, "speak", { value: ({ text }) => window.spoken.push(text) });
  Object.defineProperty(SpeechSynthesisUtterance.prototype, "voice", { set() {}, get: () => voice });
})()"""


def give_voice(page: Page) -> None:
    """Give the pages that are opened from now on a Vietnamese voice. `window.spoken` lists what it says."""
    page.add_init_script(_VOICE)
