// Settings of the desk, as every page reads them: codes with their words, groups, what follows a call.
import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { language } from "@/words";

export type DeskRules = components["schemas"]["DeskRules"];
export const DESK = ["desk", "settings"];

export function useDesk() {
  return useQuery({ queryKey: DESK, queryFn: () => data<DeskRules>(api.GET("/api/v1/desk/settings")), staleTime: 60_000 });
}

export function titleOf(one: { en: string; zh: string } | undefined, else_ = ""): string {
  return one ? one[language()] : else_;
}

/** What a code says, also when nobody chooses it any more. */
export function codeTitle(rules: DeskRules | undefined, code: string): string {
  return titleOf(rules?.codes.find((one) => one.code === code), code);
}

export function groupTitle(rules: DeskRules | undefined, name: string): string {
  return titleOf(rules?.groups.find((one) => one.name === name), name);
}
