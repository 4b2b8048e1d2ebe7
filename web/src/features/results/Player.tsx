// The recording: both channels as waves, one clock for the wave and the transcript beside it. Loaded when a call was recorded.
import { PauseOutlined, CaretRightOutlined } from "@ant-design/icons";
import { Button, Flex, Select, Skeleton } from "antd";
import { useQuery } from "@tanstack/react-query";
import { forwardRef, useEffect, useImperativeHandle, useRef, useState } from "react";
import WaveSurfer from "wavesurfer.js";
import { api, data } from "@/api/client";
import { ProblemAlert } from "@/ui/problems";
import { Duration } from "@/ui/When";
import { usePalette } from "./parts";
import { useWords } from "./words";

export interface PlayerHandle {
  /** Play from here (ms of the recording). */
  playFrom: (ms: number) => void;
  toggle: () => void;
}

const Player = forwardRef<PlayerHandle, { call: string; onTime: (ms: number) => void }>(function Player({ call, onTime }, handle) {
  const t = useWords();
  const colours = usePalette();
  const place = useRef<HTMLDivElement>(null);
  const wave = useRef<WaveSurfer | null>(null);
  const [ready, setReady] = useState(false);
  const [playing, setPlaying] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const [now, setNow] = useState(0);
  const [rate, setRate] = useState(1);
  const peaks = useQuery({
    queryKey: ["calls", call, "waveform"],
    queryFn: async () => (await data(api.GET("/api/v1/calls/{call}/waveform", { params: { path: { call } } }))) ?? null,
    staleTime: Infinity,
  });
  const toggle = () => void wave.current?.playPause().catch(setFault);
  useImperativeHandle(handle, () => ({
    playFrom: (ms) => {
      wave.current?.setTime(Math.max(0, ms / 1000));
      wave.current?.play().catch(setFault);
    },
    toggle,
  }));
  useEffect(() => {
    if (!place.current || peaks.data === undefined) return;
    const channel = (colour: string) => ({ waveColor: colour, progressColor: colours.primary, height: 44 });
    const made = WaveSurfer.create({
      container: place.current,
      url: `/api/v1/calls/${encodeURIComponent(call)}/recording`,
      peaks: peaks.data?.channels,
      duration: peaks.data ? peaks.data.duration_ms / 1000 : undefined,
      splitChannels: [channel(colours.second), channel(colours.third)],
      cursorColor: colours.text,
      cursorWidth: 2,
      barWidth: 2,
      barGap: 1,
      normalize: true,
      backend: "MediaElement",
      dragToSeek: true,
    });
    wave.current = made;
    made.on("timeupdate", (seconds) => {
      setNow(seconds * 1000);
      onTime(seconds * 1000);
    });
    made.on("ready", () => setReady(true));
    made.on("error", setFault);
    made.on("play", () => setPlaying(true));
    made.on("pause", () => setPlaying(false));
    made.on("finish", () => setPlaying(false));
    return () => {
      wave.current = null;
      setReady(false);
      made.destroy();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a new theme draws anew
  }, [call, peaks.data, colours.primary]);
  if (peaks.error) return <ProblemAlert error={peaks.error} onRetry={() => void peaks.refetch()} />;
  return (
    <div role="group" aria-label={t("wave")}>
      <Flex gap={12} align="center" style={{ marginBottom: 6 }}>
        <Button
          type="primary"
          icon={playing ? <PauseOutlined /> : <CaretRightOutlined />}
          aria-label={playing ? t("pause") : t("play")}
          disabled={!ready}
          onClick={toggle}
        />
        <span>
          <Duration ms={now} /> / <Duration ms={peaks.data?.duration_ms} />
        </span>
        <Select
          aria-label={t("speed")}
          value={rate}
          style={{ width: 80 }}
          onChange={(value) => {
            setRate(value);
            wave.current?.setPlaybackRate(value, true);
          }}
          options={[0.75, 1, 1.25, 1.5, 2].map((value) => ({ value, label: `${value}×` }))}
        />
        <span>
          <span aria-hidden style={{ color: colours.second }}>●</span> {t("person_channel")}
        </span>
        <span>
          <span aria-hidden style={{ color: colours.third }}>●</span> {t("robot_channel")}
        </span>
      </Flex>
      {fault !== null && <ProblemAlert error={fault} />}
      {peaks.isPending && <Skeleton.Node active style={{ width: "100%", height: 88 }} />}
      <div ref={place} style={{ minHeight: peaks.isPending ? 0 : 88 }} />
    </div>
  );
});

export default Player;
