"""Colour contrast of every text that differs in its style from all texts measured before."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import Page

# A style is named by the colours and sizes that its contrast depends on.
# Two texts of each style are measured on a page.
MEASURE = """async (known) => {
  const measured = new Map(known.split(' ').map((name) => [name, 2]));
  const names = new Map();
  const nameOf = (element) => {
    if (!element) return '';
    if (!names.has(element)) {
      const style = getComputedStyle(element);
      names.set(element, hash([
        nameOf(element.parentElement), element.localName, element.getAttribute('class'),
        element.disabled ?? element.control?.disabled, element.ariaDisabled,
        style.color, style.backgroundColor, style.backgroundImage, style.opacity, style.fontSize,
        style.fontWeight, style.position, style.filter, style.mixBlendMode, style.textShadow,
      ].join()));
    }
    return names.get(element);
  };
  const hash = (text) => {
    let one = 0xdeadbeef, other = 0x41c6ce57;
    for (let at = 0; at < text.length; at++) {
      const letter = text.charCodeAt(at);
      one = Math.imul(one ^ letter, 2654435761);
      other = Math.imul(other ^ letter, 1597334677);
    }
    return (one >>> 0).toString(36) + (other >>> 0).toString(36);
  };
  const hasText = (element) => ['input', 'select', 'textarea'].includes(element.localName)
    || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const isNew = (element) => {
    const name = nameOf(element), before = measured.get(name) ?? 0;
    measured.set(name, before + 1);
    return before < 2;
  };
  const include = [...document.body.querySelectorAll('*')].filter(
    (element) => hasText(element) && element.checkVisibility() && isNew(element));
  if (!include.length) return [[], [], []];
  const found = await axe.run({include}, {
    runOnly: ['color-contrast'], resultTypes: ['violations', 'passes', 'incomplete'],
    elementRef: true, selectors: false, preload: false,
  });
  const stylesOf = (rules) => rules.flatMap((rule) => rule.nodes).map((node) => nameOf(node.element));
  const low = found.violations.flatMap((rule) => rule.nodes).map((node) => node.html);
  return [low, stylesOf([...found.passes, ...found.violations]), stylesOf(found.incomplete)];
}"""
MAX_PAGES_PER_STYLE = 3  # that axe could not judge, for instance on a picture


class Colours:
    """The styles of text whose contrast was measured, on whatever page."""

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()

    def faults(self, page: Page) -> list[str]:
        """Return the first text whose contrast is too low, of those in styles that no page had before."""
        tried_styles = [style for style, tries in self.tries.items() if tries >= MAX_PAGES_PER_STYLE]
        low, judged, not_judged = page.evaluate(MEASURE, " ".join(tried_styles))
        self.tries.update(dict.fromkeys(judged, MAX_PAGES_PER_STYLE))
        self.tries.update(set(not_judged))
        return [f"color-contrast: {html[:200]}" for html in low[:1]]
