// Scan QR codes with the camera: by the browser's own detector, or else by a library that is loaded only then.
const PAUSE = 150; // milliseconds between two pictures
const MAX_SIDE = 800; // pixels of the picture that the library reads

const openDetector = async () => {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats()) ?? [];
  if (formats.includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue;
  }
  const { decodeQR } = await import("qr-decode");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return (video) => {
    const scale = Math.min(1, MAX_SIDE / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = video.videoWidth * scale;
    canvas.height = video.videoHeight * scale;
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return ""; // no QR code in this picture
    }
  };
};

// Return the text of the first QR code that the camera sees, "" once `signal` is aborted. Rejects without a camera.
export const scan = async (video, signal) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    await video.play();
    const read = await openDetector();
    while (!signal.aborted) {
      const text = video.readyState > 1 && (await read(video));
      if (text) return text;
      await new Promise((next) => setTimeout(next, PAUSE));
    }
    return "";
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
};
