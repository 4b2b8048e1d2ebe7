// What became of the files that were uploaded: counts, and each that was not taken with what is wrong and how to mend it.
import { Button, Flex, Table, Tag, Typography } from "antd";
import { type Detail, Problem } from "@/api/client";
import { useProblemWords } from "@/ui/problems";
import { hintOf, useWords } from "./recordingWords";

interface Came {
  name: string;
  file: string;
  state: "imported" | "unchanged" | "failed";
  problem: Detail | null;
}

interface Result {
  imported: number;
  unchanged: number;
  failed: number;
  items: Came[];
}

export function Arrived({ result, onHide }: { result: Result; onHide: () => void }) {
  const t = useWords();
  const say = useProblemWords();
  const failed = result.items.filter((one) => one.problem !== null);
  return (
    <Flex vertical gap={8}>
      <Flex gap={4} align="center" wrap>
        <Tag color="success">{t("imported", { n: result.imported })}</Tag>
        {result.unchanged > 0 && <Tag>{t("unchanged", { n: result.unchanged })}</Tag>}
        {result.failed > 0 && <Tag color="error">{t("failed", { n: result.failed })}</Tag>}
        <span className="stretch" />
        <Button size="small" onClick={onHide}>
          {t("hide")}
        </Button>
      </Flex>
      {failed.length > 0 && (
        <Table<Came>
          size="small"
          rowKey={(one) => `${one.name}/${one.problem?.code}`}
          dataSource={failed}
          pagination={{ pageSize: 10, hideOnSinglePage: true, size: "small", showSizeChanger: false }}
          columns={[
            { title: t("file"), width: 260, render: (_, one) => <span className="mono recording-file">{one.name}</span> },
            { title: t("problem"), render: (_, one) => one.problem && say(new Problem(422, one.problem.code, one.problem.message)) },
            { title: t("hint"), render: (_, one) => <Typography.Text type="secondary">{one.problem && hintOf(one.problem.code, one.problem.hint)}</Typography.Text> },
          ]}
        />
      )}
    </Flex>
  );
}
