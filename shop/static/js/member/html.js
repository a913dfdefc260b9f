// Templates without a build step: JSX-like literals for Preact.
import htm from "htm";
import { h } from "preact";

export const html = htm.bind(h);
