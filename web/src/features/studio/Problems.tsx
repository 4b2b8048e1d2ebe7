// What is wrong with the text, live; a click goes there.
import { CheckCircleOutlined, CloseCircleOutlined, WarningOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Tag, Typography } from "antd";
import type { Detail } from "@/api/client";
import type { components } from "@/api/schema";
import { ProblemAlert } from "@/ui/problems";
import { useWords } from "./words";

export type Checked = components["schemas"]["CheckedView"];

interface Props {
  checked: Checked | undefined;
  busy: boolean;
  error: unknown;
  onJump: (problem: Detail) => void;
  onProve: () => void;
}

export function Problems({ checked, busy, error, onJump, onProve }: Props) {
  const t = useWords();
  return (
    <Flex vertical gap={8}>
      <Flex align="center" gap={8} wrap>
        {checked && (
          <>
            <Tag color={checked.errors ? "error" : "success"}>{t("errors", { count: checked.errors })}</Tag>
            <Tag color={checked.warnings ? "warning" : "default"}>{t("warnings", { count: checked.warnings })}</Tag>
          </>
        )}
        <span className="stretch" />
        <Button size="small" onClick={onProve} loading={busy}>
          {t("prove")}
        </Button>
      </Flex>
      <ProblemAlert error={error} />
      {checked?.explored === "yes" && <Alert type="success" showIcon title={t("proven")} />}
      {checked?.explored === "stopped" && <Alert type="warning" showIcon title={t("stopped")} />}
      {checked?.problems.length === 0 && (
        <Typography.Text type="secondary">
          <CheckCircleOutlined /> {t("noProblems")}
        </Typography.Text>
      )}
      <div role="list" aria-label={t("problems")}>
        {checked?.problems.map((one, n) => (
          <div role="listitem" key={n}>
            <button type="button" className="problem-row" onClick={() => onJump(one as Detail)}>
              {one.severity === "error" ? (
                <CloseCircleOutlined style={{ color: "var(--ant-color-error)" }} />
              ) : (
                <WarningOutlined style={{ color: "var(--ant-color-warning)" }} />
              )}{" "}
              {(one.line ?? 0) > 0 && <Typography.Text type="secondary">{t("line", { line: one.line ?? 0 })} · </Typography.Text>}
              {one.message} <Typography.Text type="secondary">[{one.code}]</Typography.Text>
              {one.hint && <div style={{ color: "var(--ant-color-text-description)" }}>{one.hint}</div>}
              {one.trace && one.trace.length > 0 && (
                <div style={{ fontSize: 12 }}>
                  {t("path")}: {one.trace.join(" → ")}
                </div>
              )}
            </button>
          </div>
        ))}
      </div>
    </Flex>
  );
}
