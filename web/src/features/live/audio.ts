// A browser on a running call: microphone, connection, levels. Audio goes straight to the worker that has the call.
import { useCallback, useEffect, useRef, useState } from "react";
import { api, data, Problem } from "@/api/client";
import type { components } from "@/api/schema";
import { askMicrophone, type Fault, faultOf, gathered } from "@/ui/microphone";
import { language } from "@/words";

export type Joining = "idle" | "asking" | "connecting" | "listen" | "takeover" | "failed";
type Do = "mode" | "keys" | "give_back" | "hang_up" | "leave";

export type Refused = components["schemas"]["RefusedCall"];

/** Whom an agent calls: one of number, lead and call (an earlier one); in the frame of which task. */
export interface Whom {
  number?: string;
  lead?: number;
  call?: string;
  task?: number;
}

/** Not an error: the rules say no. */
class NotAllowed extends Error {
  constructor(readonly refused: Refused) {
    super(refused.rule);
  }
}

export interface CallAudio {
  state: Joining;
  fault: Fault;
  problem: Problem | null;
  call: string | null;
  microphone: MediaStream | null;
  remote: MediaStream | null;
  join: (call: string, mode: "listen" | "takeover") => Promise<void>;
  /** Call somebody in the frame of a task, and be on the call once it is answered. */
  dial: (whom: Whom) => Promise<void>;
  /** Why the rules do not allow the call that was wanted last. */
  refused: Refused | null;
  act: (what: Do, more?: { mode?: "listen" | "whisper" | "barge"; keys?: string }) => Promise<boolean>;
  mute: (muted: boolean) => void;
}

export function useCallAudio(): CallAudio {
  const [state, setState] = useState<Joining>("idle");
  const [fault, setFault] = useState<Fault>("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const [call, setCall] = useState<string | null>(null);
  const [microphone, setMicrophone] = useState<MediaStream | null>(null);
  const [remote, setRemote] = useState<MediaStream | null>(null);
  const peer = useRef<RTCPeerConnection | null>(null);
  const session = useRef<{ call: string; id: string } | null>(null);
  const own = useRef<MediaStream | null>(null);
  const player = useRef<HTMLAudioElement | null>(null);

  const close = useCallback((to: Joining = "idle") => {
    peer.current?.close();
    own.current?.getTracks().forEach((track) => track.stop());
    player.current?.pause();
    peer.current = own.current = session.current = player.current = null;
    setMicrophone(null);
    setRemote(null);
    setState(to);
    if (to === "idle") setCall(null);
  }, []);
  useEffect(() => () => close(), [close]);

  const connect = useCallback(
    async (of: string, mode: "listen" | "takeover", ask: (offer: string) => Promise<{ call: string; session: string; answer: string }>) => {
      close();
      setFault("");
      setProblem(null);
      setRefused(null);
      setCall(of);
      try {
        setState("asking");
        const sound = await askMicrophone();
        own.current = sound;
        // Who listens is silent until he whispers; the server keeps him from being heard in any case.
        sound.getAudioTracks().forEach((track) => (track.enabled = mode === "takeover"));
        setMicrophone(sound);
        setState("connecting");
        const link = new RTCPeerConnection();
        peer.current = link;
        sound.getTracks().forEach((track) => link.addTrack(track, sound));
        link.ontrack = (event) => {
          const heard = event.streams[0] ?? new MediaStream([event.track]);
          setRemote(heard);
          player.current = new Audio();
          player.current.srcObject = heard;
          void player.current.play().catch(() => undefined); // it was stopped before it began
        };
        let up = false;
        link.onconnectionstatechange = () => {
          if (link !== peer.current) return;
          if (link.connectionState === "connected") {
            up = true;
            setState(mode);
          }
          if (link.connectionState === "failed" && !up) {
            setFault("no-connection");
            close("failed");
          } else if (link.connectionState === "failed" || link.connectionState === "closed") close(); // the call is over, or went on without us
        };
        await link.setLocalDescription(await link.createOffer());
        await gathered(link);
        const joined = await ask(link.localDescription!.sdp);
        if (link !== peer.current) return;
        session.current = { call: joined.call, id: joined.session };
        setCall(joined.call);
        await link.setRemoteDescription({ type: "answer", sdp: joined.answer });
      } catch (error) {
        if (error instanceof NotAllowed) {
          setRefused(error.refused);
          close();
          return;
        }
        setFault(faultOf(error));
        setProblem(error instanceof Problem ? error : null);
        close("failed");
      }
    },
    [close],
  );

  const join = useCallback<CallAudio["join"]>(
    (of, mode) =>
      connect(of, mode, async (offer) => {
        const body = { offer, mode };
        const joined = await data(api.POST("/api/v1/live/calls/{call}/sessions", { params: { path: { call: of } }, body }));
        return { call: of, ...joined };
      }),
    [connect],
  );

  const dial = useCallback<CallAudio["dial"]>(
    (whom) =>
      connect("", "takeover", async (offer) => {
        const placed = await data(api.POST("/api/v1/desk/calls", { params: { query: { lang: language() } }, body: { ...whom, offer } }));
        if (placed.refused) throw new NotAllowed(placed.refused);
        return placed;
      }),
    [connect],
  );

  const act = useCallback<CallAudio["act"]>(
    async (what, more = {}) => {
      const now = session.current;
      if (!now) {
        if (what === "leave" || what === "hang_up") close(); // it was never up
        return false;
      }
      try {
        await data(
          api.POST("/api/v1/live/calls/{call}/sessions/{session}", {
            params: { path: { call: now.call, session: now.id } },
            body: { do: what, keys: "", ...more },
          }),
        );
        if (what === "mode") own.current?.getAudioTracks().forEach((track) => (track.enabled = more.mode !== "listen"));
        if (what === "give_back" || what === "hang_up" || what === "leave") close();
        return true;
      } catch (error) {
        setProblem(error instanceof Problem ? error : null);
        return false;
      }
    },
    [close],
  );

  const mute = useCallback((muted: boolean) => own.current?.getAudioTracks().forEach((track) => (track.enabled = !muted)), []);
  return { state, fault, problem, refused, call, microphone, remote, join, dial, act, mute };
}
