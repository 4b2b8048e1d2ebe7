// The microphone of this browser, and what may be wrong with it. For everything that talks through WebRTC.
import { Problem } from "@/api/client";

export type Fault = "" | "denied" | "no-microphone" | "insecure" | "no-connection" | "refused";

class Insecure extends Error {}

/** Asks whoever sits there. Throws what `faultOf` understands. */
export async function askMicrophone(): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia) throw new Insecure(); // only pages over HTTPS or of localhost have any
  return navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
}

/** Wait until a connection knows its own addresses. */
export function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const done = window.setTimeout(resolve, 2_000); // whoever has a slow network interface goes on with what is there
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      window.clearTimeout(done);
      resolve();
    });
  });
}

export function faultOf(error: unknown): Fault {
  if (error instanceof Insecure) return "insecure";
  if (error instanceof DOMException) return error.name === "NotAllowedError" || error.name === "SecurityError" ? "denied" : "no-microphone";
  return error instanceof Problem ? "refused" : "no-connection";
}
