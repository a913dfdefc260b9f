"""Colour contrast of every text that differs in its style from all texts measured before."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import Page

# A style is named by the colours and sizes that its contrast depends on, those of its ancestors included. A
# style's description is digested once for all of a page's elements that have it.
NAME_STYLES = """() => {
  const names = new Map(), digests = new Map();
  const nameOf = (element) => {
    if (!element) return '';
    let name = names.get(element);
    if (name === undefined) {
      const style = getComputedStyle(element);
      name = digestOf([
        nameOf(element.parentElement), element.localName, element.getAttribute('class'),
        element.disabled ?? element.control?.disabled, element.ariaDisabled,
        style.color, style.backgroundColor, style.backgroundImage, style.opacity, style.fontSize,
        style.fontWeight, style.position, style.filter, style.mixBlendMode, style.textShadow,
      ].join());
      names.set(element, name);
    }
    return name;
  };
  const digestOf = (text) => {
    let digest = digests.get(text);
    if (digest === undefined) {
      let one = 0xdeadbeef, other = 0x41c6ce57;
      for (let at = 0; at < text.length; at++) {
        const letter = text.charCodeAt(at);
        one = Math.imul(one ^ letter, 2654435761);
        other = Math.imul(other ^ letter, 1597334677);
      }
      digest = (one >>> 0).toString(36) + (other >>> 0).toString(36);
      digests.set(text, digest);
    }
    return digest;
  };
  const texts = new Set(document.body.querySelectorAll('input, select, textarea'));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (walker.currentNode.data.trim()) texts.add(walker.currentNode.parentElement);
  }
  window.textsByStyle = new Map();
  for (const element of texts) {
    if (element.checkVisibility()) {
      const name = nameOf(element), sameStyle = window.textsByStyle.get(name);
      if (sameStyle) sameStyle.push(element);
      else window.textsByStyle.set(name, [element]);
    }
  }
  return [...window.textsByStyle.keys()];
}"""
# Two texts of each style are measured on a page.
MEASURE = """async (names) => {
  const include = names.flatMap((name) => window.textsByStyle.get(name).slice(0, 2));
  const found = await axe.run({include}, {
    runOnly: ['color-contrast'], resultTypes: ['violations', 'passes', 'incomplete'],
    elementRef: true, selectors: false, preload: false,
  });
  const styles = new Map([...window.textsByStyle].flatMap(
    ([name, elements]) => elements.map((element) => [element, name])));
  const stylesOf = (rules) => rules.flatMap((rule) => rule.nodes).map((node) => styles.get(node.element));
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
        styles = page.evaluate(NAME_STYLES)
        new_styles = [style for style in styles if self.tries[style] < MAX_PAGES_PER_STYLE]
        if not new_styles:
            return []
        low, judged, not_judged = page.evaluate(MEASURE, new_styles)
        self.tries.update(dict.fromkeys(judged, MAX_PAGES_PER_STYLE))
        self.tries.update(set(not_judged))
        return [f"color-contrast: {html[:200]}" for html in low[:1]]
