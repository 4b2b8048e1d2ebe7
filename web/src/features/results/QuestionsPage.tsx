// What people asked and nobody knew: put together, answered once, known afterwards.
import { DownOutlined } from "@ant-design/icons";
import { Alert, Button, Collapse, Dropdown, Empty, Flex, Segmented, Skeleton, Space, Tag, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, data, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import type { BroughtState } from "@/features/studio/Brought";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { useWords } from "./words";

type Question = components["schemas"]["Question"];
type State = "open" | "drafted" | "ignored";

export function Component() {
  const t = useWords();
  const may = useMay();
  const writes = may("knowledge.write") && may("scripts.write");
  const [state, setState] = useState<State>("open");
  const go = useNavigate();
  const found = useQuery({ queryKey: ["unanswered", state], queryFn: () => data(api.GET("/api/v1/unanswered", { params: { query: { state } } })) });
  const settle = useMutation({
    mutationFn: ({ ids, to }: { ids: number[]; to: State }) => data(api.POST("/api/v1/unanswered/settle", { body: { ids, state: to } })),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["unanswered"] }),
  });
  const draft = useMutation({
    mutationFn: ({ question }: { question: Question; script: string }) => data(api.POST("/api/v1/unanswered/draft", { body: { ids: question.ids } })),
    onSuccess: (made, { question, script }) => {
      const brought = { ...made, ids: question.ids, sentence: question.sentence, times: question.times };
      void go(`/scripts/${encodeURIComponent(script)}`, { state: { brought } as BroughtState });
    },
  });
  const items = found.data?.items ?? [];
  return (
    <Page title={t("questions_title")}>
      <Flex vertical gap={10}>
        <Typography.Text type="secondary">{t("questions_about")}</Typography.Text>
        <span>
          <Segmented
            value={state}
            onChange={(value) => setState(value as State)}
            options={(["open", "drafted", "ignored"] as const).map((value) => ({ value, label: t(`state_${value}` as "state_drafted") }))}
          />
        </span>
        <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />
        {found.data?.more && <Alert type="info" showIcon title={t("only_newest")} />}
        {found.isPending && <Skeleton active />}
        {found.data && items.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("no_questions")} />}
        <Collapse
        collapsible="header"
          items={items.map((question) => ({
            key: question.ids[0] ?? question.sentence,
            label: (
              <Flex gap={10} align="center">
                <Tag color="processing" className="numeric">
                  {t("times", { n: question.times })}
                </Tag>
                <Typography.Text strong>{question.sentence}</Typography.Text>
              </Flex>
            ),
            extra: writes && (
              <Flex gap={6} onClick={(event) => event.stopPropagation()}>
                {state !== "ignored" && <Answer question={question} busy={draft.isPending && draft.variables?.question === question} onDraft={(script) => draft.mutate({ question, script })} />}
                <Button size="small" onClick={() => settle.mutate({ ids: question.ids, to: state === "open" ? "ignored" : "open" })}>
                  {state === "open" ? t("ignore") : t("reopen")}
                </Button>
              </Flex>
            ),
            children: (
              <ul style={{ margin: 0, paddingInlineStart: 18 }} aria-label={t("asked_in")}>
                {question.asked.map((one, at) => (
                  <li key={at}>
                    <Link to={`/calls/${encodeURIComponent(one.call)}`}>{one.sentence}</Link>{" "}
                    {one.node && (
                      <Typography.Text type="secondary" className="mono">
                        {one.node}
                      </Typography.Text>
                    )}
                  </li>
                ))}
              </ul>
            ),
          }))}
        />
      </Flex>
    </Page>
  );
}

/** One click: the studio opens with the entry and its test in the draft of the script that was asked most often. */
function Answer({ question, busy, onDraft }: { question: Question; busy: boolean; onDraft: (script: string) => void }) {
  const t = useWords();
  const [first, ...others] = question.scripts;
  if (!first) return null;
  return (
    <Space.Compact>
      <Button size="small" type="primary" loading={busy} onClick={() => onDraft(first)}>
        {t("answer_in", { script: first })}
      </Button>
      {others.length > 0 && (
        <Dropdown menu={{ items: others.map((script) => ({ key: script, label: t("answer_in", { script }), onClick: () => onDraft(script) })) }}>
          <Button size="small" type="primary" icon={<DownOutlined />} aria-label={t("other_scripts")} />
        </Dropdown>
      )}
    </Space.Compact>
  );
}
