// The picture of a payment code, handed to another app of the phone: the bank's own, or a message to who pays.
(() => {
  "use strict";

  const pictures = new Map(); // by address: fetched beforehand, since a tap may only share what is there already
  const fetchPicture = async (address, name) => {
    const response = await fetch(address);
    if (!response.ok) return null;
    return new File([await response.blob()], name, { type: "image/png" });
  };
  const offer = async () => {
    for (const button of document.querySelectorAll("[data-share-picture][hidden]")) {
      const { sharePicture: address, name } = button.dataset;
      if (!navigator.canShare) continue;
      if (!pictures.has(address)) pictures.set(address, await fetchPicture(address, name).catch(() => null));
      const file = pictures.get(address);
      button.hidden = !file || !navigator.canShare({ files: [file] });
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-share-picture]");
    if (!button) return;
    navigator.share({ files: [pictures.get(button.dataset.sharePicture)] }).catch(() => {}); // closed again
  });
  document.addEventListener("htmx:afterSwap", offer);
  offer();
})();
