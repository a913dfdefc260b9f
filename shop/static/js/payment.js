// Share the picture of a payment code with another app: the bank's, or a message to the payer.
(() => {
  "use strict";

  const pictures = new Map(); // by URL: fetched beforehand, because a tap may only share a loaded file
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
    navigator.share({ files: [pictures.get(button.dataset.sharePicture)] }).catch(() => {}); // cancelled
  });
  document.addEventListener("htmx:afterSwap", offer);
  offer();
})();
