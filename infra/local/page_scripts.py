"""What a capture runs in a page. The page's own security policy does not apply to it, and it loads nothing.

`clicktracker_js/src/lib` finds and measures elements: the same code as on the live page.
"""

from __future__ import annotations

import re

from infra.paths import ROOT

LIBRARY = ROOT / "clicktracker_js" / "src" / "lib"
MODULES = ("names", "resolve", "layout")
"""In the order of their imports."""

NO_BEACONS = """(() => {
  const send = navigator.sendBeacon;
  navigator.sendBeacon = function (address, ...rest) {
    return /\\/v1\\/(events|decide)/.test(String(address)) || send.call(this, address, ...rest);
  };
})()"""
"""Beacons of a page that closes are not seen by the routes that abort requests."""
HEIGHT = "() => Math.max(document.documentElement.scrollHeight, innerHeight)"
SETTLED = """() => Promise.race([
  Promise.all([
    document.fonts.ready,
    ...[...document.images].filter((image) => !image.complete).map((image) => new Promise((done) => {
      image.addEventListener('load', done);
      image.addEventListener('error', done);
    })),
  ]),
  new Promise((done) => setTimeout(done, 5000)),
]).then(() => true)"""
HOLD_STILL = """() => {
  const last = setTimeout(() => 0);
  for (let timer = last; timer > 0 && timer > last - 100000; timer--) clearTimeout(timer);
  window.requestAnimationFrame = window.setTimeout = window.setInterval = () => 0;
  for (const animation of document.getAnimations()) {
    try {
      if (animation.effect.getComputedTiming().endTime === Infinity) animation.cancel();
      else animation.finish();
    } catch {}
  }
  for (const media of document.querySelectorAll('video,audio')) media.pause();
}"""
"""Carousels, clocks and feeds stop, so that layout and picture are of one moment."""
HIDE_FIXED = """() => {
  const parts = (root) => [...root.querySelectorAll('*')].flatMap((part) =>
    part.shadowRoot ? [part, ...parts(part.shadowRoot)] : [part]);
  const set = (part, values) => {
    for (const [name, value] of Object.entries(values)) part.style?.setProperty(name, value, 'important');
  };
  for (const part of parts(document)) {
    const {position} = getComputedStyle(part);
    if (position === 'fixed') set(part, {opacity: '0', transition: 'none', 'pointer-events': 'none'});
    if (position === 'sticky') set(part, {position: 'relative', inset: 'auto'});
  }
}"""
"""From the second tile on: what stays on the screen is on the first."""
SCROLL = "(top) => { scrollTo({left: 0, top, behavior: 'instant'}); return scrollY; }"
DESCRIBE = """([asked, masks]) => {
  %s
  const find = resolver(document), measure = measurer(window);
  const masked = (element) => {
    for (let at = element; at; at = at.getRootNode().host)
      for (const mask of masks) try { if (at.closest(mask) || at.querySelector(mask)) return true; } catch {}
    return false;
  };
  const described = new Map();
  const describe = (element) => {
    const {box, layer, seen, clip} = measure(element);
    const rounded = (one) => one && one.map((number) => Math.round(number * 10) / 10);
    const role = element.computedRole;
    const isNamed = role && !/^(generic|none|StaticText)$/.test(role);
    const name = masked(element) ? '' : (element.computedName || nameOf(element)).replace(/\\s+/g, ' ').trim();
    return {
      tag: element.localName.slice(0, 64), role: isNamed ? role : roleOf(element),
      name: name.length > 80 ? name.slice(0, 79) + '…' : name,
      box: rounded(box), layer, seen, clip: rounded(clip),
    };
  };
  const {documentElement: page} = document;
  return {
    width: Math.max(page.scrollWidth, innerWidth),
    found: asked.map(([selector, link]) => {
      const element = find(selector, link);
      if (!element) return null;
      if (!described.has(element)) described.set(element, describe(element));
      return described.get(element);
    }),
  };
}"""


def describe_script() -> str:
    """The function that finds asked elements, as ``[selector, link]`` pairs, and says what and where they are."""
    return DESCRIBE % "\n".join(_scoped((LIBRARY / f"{name}.js").read_text("utf-8")) for name in MODULES)


def _scoped(module: str) -> str:
    """A module as a statement that declares what it exports, and nothing else."""
    names = ", ".join(re.findall(r"^export const (\w+)", module, re.MULTILINE))
    body = re.sub(r"^(import .*$|export (?=const))", "", module, flags=re.MULTILINE)
    return f"const {{{names}}} = (() => {{ {body}\n return {{{names}}}; }})();"
