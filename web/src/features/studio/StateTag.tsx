// In which state a script is.
import { Tag } from "antd";
import { useWords } from "./words";

const COLOURS: Record<string, string> = {
  draft: "default", in_review: "processing", rejected: "error", approved: "cyan", published: "success", withdrawn: "warning",
};

export type ScriptState = "draft" | "in_review" | "rejected" | "approved" | "published" | "withdrawn";

export function StateTag({ state }: { state: ScriptState }) {
  const t = useWords();
  return <Tag color={COLOURS[state]}>{t(`state.${state}`)}</Tag>;
}
