// What people asked and nobody knew: put together, answered once, known afterwards.
import { Alert, Button, Collapse, Empty, Flex, Form, Input, Modal, Segmented, Skeleton, Tag, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, data, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { useWords } from "./words";

type Question = components["schemas"]["Question"];
type State = "open" | "drafted" | "ignored";

export function Component() {
  const t = useWords();
  const writes = useMay()("knowledge.write");
  const [state, setState] = useState<State>("open");
  const [answering, setAnswering] = useState<Question | null>(null);
  const found = useQuery({ queryKey: ["unanswered", state], queryFn: () => data(api.GET("/api/v1/unanswered", { params: { query: { state } } })) });
  const settle = useMutation({
    mutationFn: ({ ids, to }: { ids: number[]; to: State }) => data(api.POST("/api/v1/unanswered/settle", { body: { ids, state: to } })),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["unanswered"] }),
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
                {state === "open" && (
                  <Button size="small" type="primary" onClick={() => setAnswering(question)}>
                    {t("answer")}
                  </Button>
                )}
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
      {answering && (
        <Answer
          question={answering}
          onClose={() => setAnswering(null)}
          onDrafted={() => {
            settle.mutate({ ids: answering.ids, to: "drafted" });
            setAnswering(null);
          }}
        />
      )}
    </Page>
  );
}

function Answer({ question, onClose, onDrafted }: { question: Question; onClose: () => void; onDrafted: () => void }) {
  const t = useWords();
  const [copied, setCopied] = useState(false);
  const draft = useMutation({
    mutationFn: (body: { entry: string; answer: string; title: string }) => data(api.POST("/api/v1/unanswered/draft", { body: { ids: question.ids, ...body } })),
  });
  const copy = () => void navigator.clipboard.writeText(draft.data?.yaml ?? "").then(() => setCopied(true));
  return (
    <Modal open width={720} title={question.sentence} onCancel={onClose} footer={null} destroyOnHidden>
      {!draft.data && (
        <Form layout="vertical" onFinish={(values: { entry: string; answer: string; title: string }) => draft.mutate(values)} initialValues={{ title: question.sentence.slice(0, 100) }}>
          <Form.Item name="title" label={t("title_field")} rules={[{ required: true, max: 100 }]}>
            <Input />
          </Form.Item>
          <Form.Item name="entry" label={t("entry")} extra={t("entry_hint")} rules={[{ required: true, pattern: /^[a-z][a-z0-9_]{0,63}$/, message: t("entry_hint") }]}>
            <Input className="mono" />
          </Form.Item>
          <Form.Item name="answer" label={t("answer_field")} rules={[{ required: true, max: 500 }]}>
            <Input.TextArea rows={3} maxLength={500} showCount />
          </Form.Item>
          <ProblemAlert error={draft.error} />
          <Flex justify="end" gap={8}>
            <Button onClick={onClose}>{t("cancel")}</Button>
            <Button type="primary" htmlType="submit" loading={draft.isPending}>
              {t("make")}
            </Button>
          </Flex>
        </Form>
      )}
      {draft.data && (
        <Flex vertical gap={10}>
          <Typography.Text>{t("put_in")}</Typography.Text>
          <pre className="mono" style={{ overflow: "auto", maxHeight: 320, margin: 0 }} tabIndex={0} aria-label={t("make")}>
            {draft.data.yaml}
          </pre>
          <Flex justify="end" gap={8}>
            <Button onClick={copy}>{copied ? t("copied") : t("copy")}</Button>
            <Link to="/scripts">
              <Button>{t("to_studio")}</Button>
            </Link>
            <Button type="primary" onClick={onDrafted}>
              {t("mark_drafted")}
            </Button>
          </Flex>
        </Flex>
      )}
    </Modal>
  );
}
