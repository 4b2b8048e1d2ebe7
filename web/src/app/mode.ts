// Light, dark, or as the system has it.
import { createContext, useContext, useSyncExternalStore } from "react";

export type Mode = "light" | "dark" | "system";

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

/** Whether the system is dark now; draws again when that changes. */
export function usePrefersDark(): boolean {
  return useSyncExternalStore(
    (tell) => {
      DARK.addEventListener("change", tell);
      return () => DARK.removeEventListener("change", tell);
    },
    () => DARK.matches,
  );
}

/** Whether nothing is to move, as it was asked for when the page was opened: antd would make everything anew when it changes, and end a call. */
export const STILL = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

export const ModeContext = createContext<{ mode: Mode; setMode: (mode: Mode) => void }>({ mode: "system", setMode: () => undefined });

export const useMode = () => useContext(ModeContext);
