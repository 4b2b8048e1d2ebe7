// Faults of changes that no form shows itself.
import { App } from "antd";
import { useEffect } from "react";
import { tellFaults } from "@/api/client";
import { useProblemWords } from "@/ui/problems";

export function Faults() {
  const { notification } = App.useApp();
  const say = useProblemWords();
  useEffect(
    () => tellFaults((problem) => notification.error({ title: say(problem), description: problem.hint || undefined, placement: "bottomRight" })),
    [notification, say],
  );
  return null;
}
