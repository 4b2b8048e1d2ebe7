// The script's own dialogues, run as it stands in the editor: what passes, and the whole conversation of each.
import { CheckCircleFilled, CloseCircleFilled } from "@ant-design/icons";
import { Button, Collapse, Flex, Tag, Typography } from "antd";
import { useMutation } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { ProblemAlert } from "@/ui/problems";
import { useWords } from "./words";

type TestView = components["schemas"]["ScriptTestView"];

export function Tests({ text }: { text: () => string }) {
  const t = useWords();
  const run = useMutation({ mutationFn: () => data(api.POST("/api/v1/script-tests", { body: { text: text() } })), meta: { quiet: true } });
  const found = run.data;
  return (
    <Flex vertical gap={8}>
      <Flex gap={8} align="center">
        <Button size="small" type="primary" loading={run.isPending} onClick={() => run.mutate()}>
          {t("run")}
        </Button>
        {found && found.problems.length === 0 && (
          <Tag color={found.passed === found.tests.length ? "success" : "error"}>{t("passed", { passed: found.passed, all: found.tests.length })}</Tag>
        )}
      </Flex>
      <ProblemAlert error={run.error} />
      {found?.problems.map((one, n) => (
        <Typography.Text type="danger" key={n}>
          {(one.line ?? 0) > 0 && `${t("line", { line: one.line ?? 0 })} · `}
          {one.message}
        </Typography.Text>
      ))}
      {found && found.problems.length === 0 && found.tests.length === 0 && <Typography.Text type="secondary">{t("noTests")}</Typography.Text>}
      {found && <TestList tests={found.tests} />}
    </Flex>
  );
}

export function TestList({ tests }: { tests: TestView[] }) {
  return (
    <Collapse
      size="small"
      defaultActiveKey={tests.flatMap((one, n) => (one.ok ? [] : [String(n)])).slice(0, 3)}
      items={tests.map((one, n) => ({
        key: String(n),
        label: (
          <>
            {one.ok ? <CheckCircleFilled style={{ color: "var(--ant-color-success)" }} /> : <CloseCircleFilled style={{ color: "var(--ant-color-error)" }} />} {one.name}
          </>
        ),
        children: (
          <>
            {one.failures.map((failure) => (
              <Typography.Paragraph type="danger" key={failure} style={{ marginBottom: 4 }}>
                {failure}
              </Typography.Paragraph>
            ))}
            <div className="talk-lines">
              {one.lines.map((line, m) =>
                line.who === "event" ? (
                  <Typography.Text type="secondary" key={m}>
                    {line.text}
                  </Typography.Text>
                ) : (
                  <div key={m} className={line.who === "robot" ? "talk-robot" : "talk-caller"}>
                    {line.text || "…"}
                  </div>
                ),
              )}
            </div>
          </>
        ),
      }))}
    />
  );
}
