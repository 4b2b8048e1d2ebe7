// Light, dark, or as the system has it.
import { createContext, useContext, useSyncExternalStore } from "react";

export type Mode = "light" | "dark" | "system";

const system = window.matchMedia("(prefers-color-scheme: dark)");

/** Whether the system is dark now; draws again when that changes. */
export function usePrefersDark(): boolean {
  return useSyncExternalStore(
    (tell) => {
      system.addEventListener("change", tell);
      return () => system.removeEventListener("change", tell);
    },
    () => system.matches,
  );
}

export const ModeContext = createContext<{ mode: Mode; setMode: (mode: Mode) => void }>({ mode: "system", setMode: () => undefined });

export const useMode = () => useContext(ModeContext);
