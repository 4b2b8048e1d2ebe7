// Light, dark, or as the system has it.
import { createContext, useContext, useSyncExternalStore } from "react";

export type Mode = "light" | "dark" | "system";

const DARK = window.matchMedia("(prefers-color-scheme: dark)");
const STILL = window.matchMedia("(prefers-reduced-motion: reduce)");

/** What the system asks for now; draws again when that changes. */
function useAsked(query: MediaQueryList): boolean {
  return useSyncExternalStore(
    (tell) => {
      query.addEventListener("change", tell);
      return () => query.removeEventListener("change", tell);
    },
    () => query.matches,
  );
}

/** Whether the system is dark. */
export const usePrefersDark = () => useAsked(DARK);

/** Whether nothing is to move. */
export const usePrefersStill = () => useAsked(STILL);

export const ModeContext = createContext<{ mode: Mode; setMode: (mode: Mode) => void }>({ mode: "system", setMode: () => undefined });

export const useMode = () => useContext(ModeContext);
