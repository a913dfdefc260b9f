// A button that opens the camera to scan a QR code.
import { useEffect, useRef, useState } from "preact/hooks";
import { button } from "member/controls";
import { html } from "member/html";
import { Icon, t } from "member/phone";
import { scan } from "member/scanner";

// The camera is closed when a code was seen, and when the screen is left.
export const Scanner = ({ onText }) => {
  const video = useRef(null),
    stopping = useRef(null);
  const [state, setState] = useState("");
  useEffect(() => () => stopping.current?.abort(), []);
  const open = async () => {
    stopping.current = new AbortController();
    setState("open");
    try {
      const text = await scan(video.current, stopping.current.signal);
      setState("");
      if (text) onText(text);
    } catch (error) {
      setState(error.name === "NotAllowedError" ? "camera_refused" : "camera_missing");
    }
  };
  return html`
    <video class="scanner" ref=${video} hidden=${state !== "open"} muted playsinline aria-label=${t("camera")}></video>
    ${state === "open" ? button("circle-x", t("close_camera"), () => stopping.current.abort()) : button("camera", t("open_camera"), open)}
    ${state.startsWith("camera") && html`<p class="notice wait" role="alert"><${Icon} name="circle-alert" /><span>${t(state)}</span></p>`}
  `;
};
