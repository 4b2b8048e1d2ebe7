// Light, dark, or as the system has it.
import { createContext, useContext } from "react";

export type Mode = "light" | "dark" | "system";

export function prefersDark(): boolean {
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}

export const ModeContext = createContext<{ mode: Mode; setMode: (mode: Mode) => void }>({ mode: "system", setMode: () => undefined });

export const useMode = () => useContext(ModeContext);
