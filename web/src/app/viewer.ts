// Who is logged in, and what he may: from GET /api/v1/me.
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { Problem, queries } from "@/api/client";

export interface Me {
  name: string;
  tenant: { slug: string; name: string };
  roles: string[];
  permissions: string[];
  language?: string | null;
}

export const ME = ["me"];

async function whoAmI(): Promise<Me | null> {
  const response = await fetch("/api/v1/me", { credentials: "same-origin" });
  if (response.status === 401) return null;
  if (!response.ok) throw new Problem(response.status, "http", response.statusText);
  return (await response.json()) as Me;
}

export function useMe() {
  return useQuery({ queryKey: ME, queryFn: whoAmI, staleTime: 60_000 });
}

/** After login, logout or a change of one's own account. */
export function forgetMe(): Promise<void> {
  return queries.invalidateQueries({ queryKey: ME });
}

export const ViewerContext = createContext<Me | null>(null);

export function useViewer(): Me {
  const me = useContext(ViewerContext);
  if (me === null) throw new Error("outside of the console");
  return me;
}

/** Whether the viewer may: hides what he cannot do; the server decides. */
export function useMay(): (permission: string) => boolean {
  const { permissions } = useViewer();
  return (permission) => permissions.includes(permission);
}
