"""Reading the QR codes that a page shows, as a buyer's camera does."""

from __future__ import annotations

from django.contrib.staticfiles.storage import staticfiles_storage
from playwright.sync_api import Page

_FIND = """(selector) => Array.from(document.querySelectorAll(selector), (shown) => {
  if (shown.src) return shown.src;
  const drawing = shown.cloneNode(true);
  for (const side of ["width", "height"]) drawing.setAttribute(side, 480);
  return `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(drawing))}`;
})"""
_DECODE = """async ({ decoder, addresses }) => {
  const { decodeQR } = await import(decoder);
  const canvas = Object.assign(document.createElement("canvas"), { width: 560, height: 560 });
  const context = canvas.getContext("2d");
  const texts = [];
  for (const address of addresses) {
    const picture = Object.assign(new Image(480, 480), { src: address });
    await picture.decode();
    context.fillStyle = "white";
    context.fillRect(0, 0, 560, 560);
    context.drawImage(picture, 40, 40, 480, 480);
    texts.push(decodeQR(context.getImageData(0, 0, 560, 560)));
  }
  return texts;
}"""


def read_qr_codes(page: Page, selector: str) -> list[str]:
    """Return the texts of the QR codes that the elements show."""
    addresses = page.evaluate(_FIND, selector)
    arguments = {"decoder": staticfiles_storage.url("vendor/qr-decode.js"), "addresses": addresses}
    other_page = page.context.new_page()
    other_page.goto("/xa-vien/offline/")  # it has the import map that the decoder needs
    texts = other_page.evaluate(_DECODE, arguments)
    other_page.close()
    return [str(text) for text in texts]
