// How loud a stream is, as a bar. Drawn without React: it changes sixty times a second.
import { useEffect, useRef } from "react";
import "./level.css";

export function Level({ stream, label }: { stream: MediaStream | null; label: string }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!stream || stream.getAudioTracks().length === 0) return;
    const sound = new AudioContext();
    const analyser = sound.createAnalyser();
    analyser.fftSize = 512;
    sound.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let next = 0;
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      const decibels = 10 * Math.log10(power + 1e-9);
      const share = Math.max(0, Math.min(1, (decibels + 60) / 60));
      if (bar.current) {
        bar.current.style.width = `${share * 100}%`;
        bar.current.dataset["decibels"] = decibels.toFixed(0);
      }
      next = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(next);
      void sound.close();
    };
  }, [stream]);
  return (
    <div className="sound-level" role="img" aria-label={label}>
      <span>{label}</span>
      <div className="sound-level-track">
        <div ref={bar} className="sound-level-bar" />
      </div>
    </div>
  );
}
