// Rule packs: what they say, and why a call that nobody places would be allowed or refused.
import { Alert, Button, Card, Checkbox, Collapse, DatePicker, Flex, Form, Input, Select, Skeleton, Table, Tag, Typography } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import { ProblemAlert } from "@/ui/problems";
import { language } from "@/words";
import { Desk, NUMBER, plain } from "./Desk";
import { Cited, OutcomeTag } from "./RecordPage";
import { usePacks } from "./Records";
import type { ExplainedRule, PackView } from "./types";
import { useWords } from "./words";

export function Component() {
  const t = useWords();
  const packs = usePacks();
  return (
    <Desk title={t("rules")}>
      <Flex vertical gap={16}>
        <Explain />
        <ProblemAlert error={packs.error} onRetry={() => void packs.refetch()} />
        {packs.isPending ? (
          <Skeleton active />
        ) : (
          <Collapse items={packs.data?.map((pack) => ({ key: `${pack.pack}@${pack.version}`, label: <Head pack={pack} />, children: <Pack pack={pack} /> }))} />
        )}
        <Typography.Text type="secondary">{t("noAdvice")}</Typography.Text>
      </Flex>
    </Desk>
  );
}

function Head({ pack }: { pack: PackView }) {
  const t = useWords();
  return (
    <Flex gap={8} wrap align="center">
      <strong>{pack.title}</strong>
      <Typography.Text type="secondary" className="mono">
        {pack.pack}@{pack.version}
      </Typography.Text>
      <Typography.Text type="secondary">{pack.places.slice(0, 8).join(" ")}{pack.places.length > 8 && " …"}</Typography.Text>
      <Tag>{pack.rules.length}</Tag>
      {pack.own && <Tag color="processing">{t("ownPack")}</Tag>}
    </Flex>
  );
}

type PackRule = PackView["rules"][number];

function Pack({ pack }: { pack: PackView }) {
  const t = useWords();
  return (
    <>
      {pack.note && <Typography.Paragraph type="secondary">{pack.note}</Typography.Paragraph>}
      <Table<PackRule>
        size="small"
        pagination={false}
        rowKey="rule"
        dataSource={pack.rules}
        columns={[
          {
            title: t("rule"),
            render: (_, rule) => (
              <div style={{ minWidth: 200 }}>
                {rule.title}
                <div>
                  <Typography.Text type="secondary" className="mono" style={{ fontSize: 12 }}>
                    {rule.rule} · {rule.check} · {rule.severity} {rule.since ?? ""}
                  </Typography.Text>
                </div>
              </div>
            ),
          },
          { title: t("citation"), render: (_, rule) => <Cited rule={rule} /> },
        ]}
      />
    </>
  );
}

interface Asked {
  number: string;
  at?: Dayjs;
  region?: string;
  purpose: "marketing" | "service" | "survey" | "notice";
  rest_fine: boolean;
}

function Explain() {
  const t = useWords();
  const [all, setAll] = useState(false);
  const ask = useMutation({
    mutationFn: (value: Asked) =>
      data(
        api.POST("/api/v1/rules/explain", {
          body: {
            number: plain(value.number), at: value.at?.format("YYYY-MM-DDTHH:mm") ?? "", regions: value.region ? [value.region.trim()] : [],
            zones: [], purpose: value.purpose, rest_fine: value.rest_fine, language: language(),
          },
        }),
      ),
    meta: { quiet: true },
  });
  const right = (_: unknown, value: string) => (NUMBER.test(plain(value ?? "")) ? Promise.resolve() : Promise.reject(new Error(t("badNumber"))));
  const told = ask.data;
  return (
    <Card size="small" title={t("explain")}>
      <Form<Asked> layout="inline" initialValues={{ purpose: "marketing", rest_fine: true }} onFinish={(value) => ask.mutate(value)} style={{ rowGap: 8 }}>
        <Form.Item name="number" label={t("number")} rules={[{ validator: right }]}>
          <Input placeholder="+8613900000001" autoComplete="off" style={{ width: 170 }} />
        </Form.Item>
        <Form.Item name="at" label={t("at")}>
          <DatePicker showTime={{ format: "HH:mm" }} format="YYYY-MM-DD HH:mm" />
        </Form.Item>
        <Form.Item name="region" label={t("region")}>
          <Input placeholder="FL" style={{ width: 70 }} maxLength={16} />
        </Form.Item>
        <Form.Item name="purpose" label={t("purpose")}>
          <Select style={{ width: 110 }} options={(["marketing", "service", "survey", "notice"] as const).map((value) => ({ value, label: t(value) }))} />
        </Form.Item>
        <Form.Item name="rest_fine" valuePropName="checked">
          <Checkbox>{t("restFine")}</Checkbox>
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={ask.isPending}>
          {t("search")}
        </Button>
      </Form>
      <div style={{ marginTop: 12 }}>
        <ProblemAlert error={ask.error} />
        {told && (
          <>
            <Alert
              type={told.allow ? "success" : "error"}
              showIcon
              title={told.allow ? t("allowed") : t("notAllowed")}
              description={
                told.allow ? undefined : told.next_allowed_at ? t("nextAt", { when: dayjs(told.next_allowed_at).format("YYYY-MM-DD HH:mm Z") }) : t("never")
              }
              action={<Checkbox checked={all} onChange={(event) => setAll(event.target.checked)}>{t("showAll")}</Checkbox>}
            />
            <Table<ExplainedRule>
              size="small"
              style={{ marginTop: 8 }}
              pagination={false}
              rowKey={(rule) => `${rule.pack}/${rule.rule}`}
              dataSource={told.rules.filter((rule) => all || rule.outcome !== "ok")}
              columns={[
                { title: t("outcome"), render: (_, rule) => <OutcomeTag rule={rule} /> },
                { title: t("rule"), render: (_, rule) => <div style={{ minWidth: 160 }}>{rule.title}</div> },
                { title: t("because2"), render: (_, rule) => <div style={{ minWidth: 140 }}>{rule.detail}</div> },
                { title: t("citation"), render: (_, rule) => <Cited rule={rule} /> },
              ]}
            />
          </>
        )}
      </div>
    </Card>
  );
}
