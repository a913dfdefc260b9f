"""Colour contrast of every text that differs in its style from all texts measured before."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import Page

# A style is named by what its contrast depends on: the element's own colours and sizes, and all that is
# behind it. Nothing is seen behind an opaque colour. Elements that are faded, disabled or positioned are
# named with their classes, which decide what they lie on.
NAME_STYLES = """() => {
  const PLAIN = '1,none,normal,static,false,';
  const NOTHING = 'rgba(0, 0, 0, 0)none';
  const backdrops = new Map([[null, { ground: '', effects: '' }]]);
  const nameOf = (element) => element.localName + '.' + element.getAttribute('class');
  const backdropOf = (element) => {
    let backdrop = backdrops.get(element);
    if (!backdrop) {
      const style = getComputedStyle(element);
      const ownGround = style.backgroundColor + style.backgroundImage;
      const ownEffects = [
        style.opacity, style.filter, style.mixBlendMode, style.position,
        Boolean(element.disabled ?? element.control?.disabled), element.ariaDisabled,
      ].join();
      let { ground, effects } = backdropOf(element.parentElement);
      if (style.backgroundColor.startsWith('rgb(')) ground = ownGround;
      else if (ownGround !== NOTHING) ground += ownGround;
      if (ownEffects !== PLAIN) effects += nameOf(element) + ownEffects;
      backdrop = { ground, effects };
      backdrops.set(element, backdrop);
    }
    return backdrop;
  };
  const styleOf = (element) => {
    const style = getComputedStyle(element);
    const { ground, effects } = backdropOf(element);
    return [
      nameOf(element), style.color, style.fontSize, style.fontWeight, style.textShadow, ground, effects,
    ].join();
  };
  const texts = new Set(document.body.querySelectorAll('input, select, textarea'));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (walker.currentNode.data.trim()) texts.add(walker.currentNode.parentElement);
  }
  window.textsByStyle = new Map();
  for (const element of texts) {
    if (element.checkVisibility()) {
      const name = styleOf(element), sameStyle = window.textsByStyle.get(name);
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
    runOnly: ['color-contrast'], resultTypes: ['violations', 'passes'],
    elementRef: true, selectors: false, preload: false,
  });
  const styles = new Map([...window.textsByStyle].flatMap(
    ([name, elements]) => elements.map((element) => [element, name])));
  const nodesOf = (rules) => rules.flatMap((rule) => rule.nodes);
  const judged = nodesOf([...found.passes, ...found.violations]).map((node) => styles.get(node.element));
  return [nodesOf(found.violations).map((node) => node.html), judged];
}"""
MAX_PAGES_PER_STYLE = 3  # that axe could not judge, on a picture or outside the window


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
        low, judged = page.evaluate(MEASURE, new_styles)
        self.tries.update(new_styles)
        self.tries.update(dict.fromkeys(judged, MAX_PAGES_PER_STYLE))
        return [f"color-contrast: {html[:200]}" for html in low[:1]]
