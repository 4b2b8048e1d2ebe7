// What differs between two texts of a script: by part, and line by line.
import { Empty, Flex, Skeleton, Tag, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { ProblemAlert } from "@/ui/problems";
import { useWords } from "./words";

const COLOURS = { added: "success", removed: "error", changed: "processing" } as const;
const SIGNS = { added: "+", removed: "-", same: " ", gap: "" } as const;

export function Diff({ script, before, after }: { script: string; before: string; after: string }) {
  const t = useWords();
  const found = useQuery({
    queryKey: ["script-diff", script, before, after],
    queryFn: () => data(api.GET("/api/v1/scripts/{script}/diff", { params: { path: { script }, query: { before, after } } })),
  });
  if (found.isPending) return <Skeleton active />;
  if (found.error) return <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />;
  if (found.data.lines.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("same")} />;
  const words = { added: t("added"), removed: t("removed"), changed: t("changedPart") };
  return (
    <Flex vertical gap={8}>
      {found.data.parts && (
        <Flex gap={4} wrap>
          {found.data.parts.map((part) => (
            <Tag key={part.part} color={COLOURS[part.kind]}>
              <span className="mono">{part.part}</span> {words[part.kind]} {part.fields.length > 0 && `(${part.fields.join(", ")})`}
            </Tag>
          ))}
        </Flex>
      )}
      <Typography.Text type="secondary">
        +{found.data.added} −{found.data.removed}
      </Typography.Text>
      <div className="diff" role="region" aria-label={t("lines")} tabIndex={0}>
        {found.data.lines.map((line, n) => (
          <div key={n} className={line.kind}>
            <span>{line.old || ""}</span>
            <span>{line.new || ""}</span>
            <span>{SIGNS[line.kind]}</span>
            <span>{line.text}</span>
          </div>
        ))}
      </div>
    </Flex>
  );
}
