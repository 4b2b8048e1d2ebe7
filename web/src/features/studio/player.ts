// One sound at a time: a button plays its own, and stops it when it plays.
import { useEffect, useRef, useState } from "react";

export interface Player {
  playing: string | null;
  toggle: (address: string) => void;
}

export function usePlayer(): Player {
  const sound = useRef<HTMLAudioElement | null>(null);
  const [playing, setPlaying] = useState<string | null>(null);
  useEffect(() => () => sound.current?.pause(), []);
  const toggle = (address: string) => {
    sound.current?.pause();
    if (playing === address) {
      setPlaying(null);
      return;
    }
    const audio = new Audio(address);
    const over = () => setPlaying((now) => (now === address ? null : now));
    audio.onended = over;
    audio.onerror = over;
    sound.current = audio;
    setPlaying(address);
    void audio.play().catch(over); // a later click stopped it before it began
  };
  return { playing, toggle };
}
