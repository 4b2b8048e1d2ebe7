// A conversation with the script by microphone: the connection, and what is told of it.
import { useCallback, useEffect, useRef, useState } from "react";
import { api, data, Problem } from "@/api/client";
import { useEvents } from "@/api/events";
import { askMicrophone, type Fault, faultOf, gathered } from "@/ui/microphone";
import { type Event, NOTHING, take, type View } from "./spoken";

/** asking: for the microphone; preparing: the robot; on: they talk. */
export type Stage = "idle" | "asking" | "preparing" | "connecting" | "on" | "over" | "failed";

export interface SpokenTalk {
  stage: Stage;
  fault: Fault;
  problem: Problem | null;
  view: View;
  seconds: number;
  microphone: MediaStream | null;
  remote: MediaStream | null;
  begin: (text: string, variables: Record<string, string>) => Promise<void>;
  press: (keys: string) => Promise<void>;
  hangUp: () => Promise<void>;
  mute: (muted: boolean) => void;
  /** Forget it, whatever it is doing. */
  leave: () => void;
}

export function useSpokenTalk(): SpokenTalk {
  const [stage, setStage] = useState<Stage>("idle");
  const [fault, setFault] = useState<Fault>("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [view, setView] = useState<View>(NOTHING);
  const [talk, setTalk] = useState<{ id: string; seconds: number } | null>(null);
  const [sound, setSound] = useState<{ own: MediaStream | null; remote: MediaStream | null }>({ own: null, remote: null });
  const peer = useRef<RTCPeerConnection | null>(null);
  const own = useRef<MediaStream | null>(null);
  const player = useRef<HTMLAudioElement | null>(null);
  const running = useRef("");
  const attempt = useRef(0);

  const silence = useCallback(() => {
    const link = peer.current;
    peer.current = null; // first: closing tells of it
    link?.close();
    own.current?.getTracks().forEach((track) => track.stop());
    player.current?.pause();
    own.current = player.current = null;
    setSound({ own: null, remote: null });
  }, []);

  const leave = useCallback(() => {
    attempt.current += 1;
    silence();
    if (running.current) void api.DELETE("/api/v1/spoken-talks/{talk}", { params: { path: { talk: running.current } } }).catch(() => undefined);
    running.current = "";
    setTalk(null);
    setStage("idle");
  }, [silence]);
  useEffect(() => leave, [leave]);

  useEvents(talk ? `/api/v1/spoken-talks/${talk.id}/events` : null, {
    begin: () => setView(NOTHING),
    line: (event: Event) => {
      setView((before) => take(before, event));
      if (event.what === "connected") setStage("on");
      if (event.what !== "over") return;
      running.current = "";
      silence();
      setTalk(null);
      setStage("over");
    },
  });

  const begin = useCallback<SpokenTalk["begin"]>(
    async (text, variables) => {
      leave();
      const mine = (attempt.current += 1);
      const gone = () => mine !== attempt.current;
      setFault("");
      setProblem(null);
      setView(NOTHING);
      setStage("asking");
      try {
        const microphone = await askMicrophone();
        if (gone()) return microphone.getTracks().forEach((track) => track.stop());
        own.current = microphone;
        setSound({ own: microphone, remote: null });
        setStage("preparing");
        const link = (peer.current = new RTCPeerConnection());
        microphone.getTracks().forEach((track) => link.addTrack(track, microphone));
        link.ontrack = (event) => {
          const heard = event.streams[0] ?? new MediaStream([event.track]);
          setSound((before) => ({ ...before, remote: heard }));
          player.current = new Audio();
          player.current.srcObject = heard;
          void player.current.play().catch(() => undefined); // it was stopped before it began
        };
        link.onconnectionstatechange = () => {
          if (link !== peer.current || link.connectionState !== "failed") return;
          leave();
          setFault("no-connection");
          setStage("failed");
        };
        await link.setLocalDescription(await link.createOffer());
        await gathered(link);
        if (gone()) return;
        const begun = await data(api.POST("/api/v1/spoken-talks", { body: { text, variables, offer: link.localDescription!.sdp } }));
        if (gone()) {
          void api.DELETE("/api/v1/spoken-talks/{talk}", { params: { path: { talk: begun.id } } }).catch(() => undefined);
          return;
        }
        running.current = begun.id;
        setStage("connecting");
        setTalk({ id: begun.id, seconds: begun.seconds });
        await link.setRemoteDescription({ type: "answer", sdp: begun.answer });
      } catch (error) {
        if (gone()) return;
        leave();
        setFault(faultOf(error));
        setProblem(error instanceof Problem ? error : null);
        setStage("failed");
      }
    },
    [leave, silence],
  );

  const act = useCallback(async (what: "keys" | "hang_up", keys: string) => {
    if (!running.current) return;
    try {
      await data(api.POST("/api/v1/spoken-talks/{talk}", { params: { path: { talk: running.current } }, body: { do: what, keys } }));
    } catch (error) {
      setProblem(error instanceof Problem ? error : null);
    }
  }, []);

  return {
    stage,
    fault,
    problem,
    view,
    seconds: talk?.seconds ?? 0,
    microphone: sound.own,
    remote: sound.remote,
    begin,
    press: useCallback((keys) => act("keys", keys), [act]),
    hangUp: useCallback(() => act("hang_up", ""), [act]),
    mute: useCallback((muted) => own.current?.getAudioTracks().forEach((track) => (track.enabled = !muted)), []),
    leave,
  };
}
