// What a house decides about its desk: wrap-up codes, what follows a call, groups of agents, and who is in which.
import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, App, Badge, Button, Card, Checkbox, Empty, Flex, Form, Input, InputNumber, Select, Skeleton, Switch, Table, Tag, Tooltip, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { api, data, type Problem, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { words } from "@/words";
import { type DeskWord, useDeskWords } from "./deskWords";
import { DESK, type DeskRules, titleOf, useDesk } from "./useDesk";

type AgentView = components["schemas"]["AgentView"];
type AskedGroup = components["schemas"]["AskedGroup"];
const AGENTS = ["desk", "agents"];
const GROUPS = ["desk", "groups"];

const useWords = words("desk-settings", {
  en: {
    title: "Agents and codes", codes: "Wrap-up codes", codesHow: "How agents say a call came out. A code is kept with calls and never changes; archive what nobody is to choose any more.",
    code: "Code", en: "English", zh: "Chinese", archived: "Archived", up: "Up", down: "Down", remove: "Remove", addCode: "Add a code", after: "After a call",
    required: "A result must be chosen before the next call", requiredHow: "Without it an agent may be ready again at once.",
    work: "Time after a call", workHow: "Seconds; 0 = until the agent ends it. When a result must be chosen it is a reminder, otherwise the agent is ready again when it is over.",
    seconds: "s", groups: "Groups", groupsHow: "Scripts ask for a group by its name (transfer, to: group). A call that asks for a group rings at its agents and at those in no group.",
    name: "Name in scripts", addGroup: "Add a group", asks: "Asked for by", nobody: "nobody", inIt: "Agents", save: "Save", saved: "Saved", undo: "Undo",
    missing: "Scripts ask for groups that are not here", make: "Make {{name}}", agents: "Agents", agent: "Agent", state: "State", takes: "Takes calls of", all: "all groups", none: "Nobody has the role of an agent yet.",
    paced: "task {{name}}", script: "script {{name}}", empty: "No group: every agent takes every call", changed: "Not saved yet",
  },
  zh: {
    title: "坐席与小结设置", codes: "小结项", codesHow: "坐席用来说明通话结果。代码随通话保存，不可更改；不再使用的请归档。",
    code: "代码", en: "英文", zh: "中文", archived: "已归档", up: "上移", down: "下移", remove: "删除", addCode: "添加小结项", after: "通话之后",
    required: "接下一通电话之前必须填写结果", requiredHow: "不勾选时，坐席可直接恢复就绪。",
    work: "话后整理时间", workHow: "单位为秒；0 表示由坐席自行结束。必须填写结果时仅作提醒，否则时间到自动恢复就绪。",
    seconds: "秒", groups: "坐席组", groupsHow: "话术按名称请求坐席组（转人工节点 to: group）。请求某组的通话会提示该组坐席，以及未分组的坐席。",
    name: "话术中的名称", addGroup: "添加坐席组", asks: "请求方", nobody: "无", inIt: "坐席数", save: "保存", saved: "已保存", undo: "撤销",
    missing: "有话术请求了尚未建立的坐席组", make: "建立 {{name}}", agents: "坐席", agent: "坐席", state: "状态", takes: "接听哪些组", all: "所有组", none: "尚无拥有坐席角色的用户。",
    paced: "任务 {{name}}", script: "话术 {{name}}", empty: "未建立坐席组：所有坐席接听所有转接", changed: "尚未保存",
  },
});

export function Component() {
  const t = useWords();
  const rules = useDesk();
  const groups = useQuery({ queryKey: GROUPS, queryFn: () => data(api.GET("/api/v1/desk/groups")) });
  const agents = useQuery({ queryKey: AGENTS, queryFn: () => data<AgentView[]>(api.GET("/api/v1/desk/agents")), refetchInterval: 10_000 });
  const failed = rules.error ?? groups.error ?? agents.error;
  return (
    <Page title={t("title")}>
      <ProblemAlert error={failed} />
      {rules.data && groups.data && agents.data ? (
        <Flex vertical gap={16}>
          <Editor kept={rules.data} asked={groups.data.items} />
          <Agents agents={agents.data} rules={rules.data} />
        </Flex>
      ) : (
        !failed && <Skeleton active />
      )}
    </Page>
  );
}

function Editor({ kept, asked }: { kept: DeskRules; asked: AskedGroup[] }) {
  const t = useWords();
  const { message } = App.useApp();
  const [draft, setDraft] = useState(kept);
  useEffect(() => setDraft(kept), [kept]);
  const changed = JSON.stringify(draft) !== JSON.stringify(kept);
  const save = useMutation<DeskRules, Problem>({
    mutationFn: () => data<DeskRules>(api.PUT("/api/v1/desk/settings", { body: draft })),
    meta: { quiet: true },
    onSuccess: (now) => {
      queries.setQueryData(DESK, now);
      void queries.invalidateQueries({ queryKey: GROUPS });
      void message.success(t("saved"));
    },
  });
  const missing = asked.filter((one) => !one.known && !draft.groups.some((group) => group.name === one.name));
  const addGroup = (name: string) => setDraft({ ...draft, groups: [...draft.groups, { name, en: name, zh: name }] });
  return (
    <>
      <ProblemAlert error={save.error} />
      <Card size="small" title={t("codes")} extra={<Save changed={changed} busy={save.isPending} onSave={() => save.mutate()} onUndo={() => setDraft(kept)} />}>
        <Typography.Paragraph type="secondary">{t("codesHow")}</Typography.Paragraph>
        <Codes draft={draft} kept={kept} onChange={setDraft} />
      </Card>
      <Card size="small" title={t("after")}>
        <Form layout="vertical">
          <Form.Item extra={t("requiredHow")}>
            <Checkbox checked={draft.required} onChange={(event) => setDraft({ ...draft, required: event.target.checked })}>
              {t("required")}
            </Checkbox>
          </Form.Item>
          <Form.Item label={t("work")} htmlFor="desk-work" extra={t("workHow")} style={{ marginBottom: 0 }}>
            <InputNumber id="desk-work" min={0} max={3600} suffix={t("seconds")} value={draft.work_s} onChange={(work_s) => setDraft({ ...draft, work_s: work_s ?? 0 })} />
          </Form.Item>
        </Form>
      </Card>
      <Card size="small" title={t("groups")}>
        <Typography.Paragraph type="secondary">{t("groupsHow")}</Typography.Paragraph>
        {missing.length > 0 && (
          <Alert
            type="warning"
            showIcon
            style={{ marginBottom: 12 }}
            title={t("missing")}
            description={
              <Flex gap={8} wrap>
                {missing.map((one) => (
                  <Button key={one.name} size="small" icon={<PlusOutlined />} onClick={() => addGroup(one.name)}>
                    {t("make", { name: one.name })}
                  </Button>
                ))}
              </Flex>
            }
          />
        )}
        <Groups draft={draft} kept={kept} asked={asked} onChange={setDraft} onAdd={() => addGroup("")} />
      </Card>
    </>
  );
}

function Save({ changed, busy, onSave, onUndo }: { changed: boolean; busy: boolean; onSave: () => void; onUndo: () => void }) {
  const t = useWords();
  return (
    <Flex gap={8} align="center" style={{ visibility: changed ? "visible" : "hidden" }} aria-hidden={!changed}>
      <Typography.Text type="warning">{t("changed")}</Typography.Text>
      <Button size="small" onClick={onUndo}>
        {t("undo")}
      </Button>
      <Button size="small" type="primary" loading={busy} onClick={onSave}>
        {t("save")}
      </Button>
    </Flex>
  );
}

interface Editing {
  draft: DeskRules;
  kept: DeskRules;
  onChange: (draft: DeskRules) => void;
}

function moved<T>(list: T[], at: number, by: number): T[] {
  const next = [...list];
  const [one] = next.splice(at, 1);
  next.splice(at + by, 0, one!);
  return next;
}

function Cell({ value, label, disabled, onChange }: { value: string; label: string; disabled?: boolean; onChange: (value: string) => void }): ReactNode {
  return <Input size="small" value={value} aria-label={label} disabled={disabled} status={value.trim() ? undefined : "error"} maxLength={64} onChange={(event) => onChange(event.target.value)} />;
}

function Codes({ draft, kept, onChange }: Editing) {
  const t = useWords();
  const known = new Set(kept.codes.map((one) => one.code));
  const set = (at: number, change: Partial<DeskRules["codes"][number]>) =>
    onChange({ ...draft, codes: draft.codes.map((one, n) => (n === at ? { ...one, ...change } : one)) });
  const titled = (at: number, what: string) => `${what} ${at + 1}`;
  return (
    <Table
      size="small"
      pagination={false}
      scroll={{ x: 640 }}
      rowKey={(_, at) => String(at)}
      dataSource={draft.codes}
      columns={[
        { title: t("code"), width: 170, render: (_, one, at) => <Cell value={one.code} label={titled(at, t("code"))} disabled={known.has(one.code) && kept.codes[at]?.code === one.code} onChange={(code) => set(at, { code: code.toLowerCase() })} /> },
        { title: t("zh"), render: (_, one, at) => <Cell value={one.zh} label={titled(at, t("zh"))} onChange={(zh) => set(at, { zh })} /> },
        { title: t("en"), render: (_, one, at) => <Cell value={one.en} label={titled(at, t("en"))} onChange={(en) => set(at, { en })} /> },
        { title: t("archived"), width: 90, render: (_, one, at) => <Switch size="small" checked={one.archived ?? false} aria-label={titled(at, t("archived"))} onChange={(archived) => set(at, { archived })} /> },
        {
          title: "",
          width: 110,
          render: (_, one, at) => (
            <Flex>
              <Button type="text" size="small" icon={<ArrowUpOutlined />} aria-label={titled(at, t("up"))} disabled={at === 0} onClick={() => onChange({ ...draft, codes: moved(draft.codes, at, -1) })} />
              <Button type="text" size="small" icon={<ArrowDownOutlined />} aria-label={titled(at, t("down"))} disabled={at === draft.codes.length - 1} onClick={() => onChange({ ...draft, codes: moved(draft.codes, at, 1) })} />
              {!known.has(one.code) && (
                <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={titled(at, t("remove"))} onClick={() => onChange({ ...draft, codes: draft.codes.filter((_, n) => n !== at) })} />
              )}
            </Flex>
          ),
        },
      ]}
      footer={() => (
        <Button size="small" icon={<PlusOutlined />} onClick={() => onChange({ ...draft, codes: [...draft.codes, { code: "", en: "", zh: "", archived: false }] })}>
          {t("addCode")}
        </Button>
      )}
    />
  );
}

function Groups({ draft, kept, asked, onChange, onAdd }: Editing & { asked: AskedGroup[]; onAdd: () => void }) {
  const t = useWords();
  const about = new Map(asked.map((one) => [one.name, one]));
  const known = new Set(kept.groups.map((one) => one.name));
  const set = (at: number, change: Partial<DeskRules["groups"][number]>) =>
    onChange({ ...draft, groups: draft.groups.map((one, n) => (n === at ? { ...one, ...change } : one)) });
  return (
    <Table
      size="small"
      pagination={false}
      scroll={{ x: 640 }}
      rowKey={(_, at) => String(at)}
      dataSource={draft.groups}
      locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("empty")} /> }}
      columns={[
        { title: t("name"), width: 170, render: (_, one, at) => <Cell value={one.name} label={`${t("name")} ${at + 1}`} disabled={known.has(one.name) && kept.groups[at]?.name === one.name} onChange={(name) => set(at, { name })} /> },
        { title: t("zh"), render: (_, one, at) => <Cell value={one.zh} label={`${t("zh")} ${at + 1}`} onChange={(zh) => set(at, { zh })} /> },
        { title: t("en"), render: (_, one, at) => <Cell value={one.en} label={`${t("en")} ${at + 1}`} onChange={(en) => set(at, { en })} /> },
        { title: t("inIt"), width: 80, align: "right", render: (_, one) => about.get(one.name)?.agents.length ?? 0 },
        {
          title: t("asks"),
          render: (_, one) => {
            const found = about.get(one.name);
            const by = [...(found?.scripts ?? []).map((name) => t("script", { name })), ...(found?.tasks ?? []).map((name) => t("paced", { name }))];
            return by.length ? by.map((name) => <Tag key={name}>{name}</Tag>) : <Typography.Text type="secondary">{t("nobody")}</Typography.Text>;
          },
        },
        {
          title: "",
          width: 50,
          render: (_, one, at) => {
            const staffed = (about.get(one.name)?.agents.length ?? 0) > 0;
            return (
              <Tooltip title={staffed ? `${t("inIt")}: ${about.get(one.name)?.agents.length}` : ""}>
                <Button type="text" size="small" icon={<DeleteOutlined />} disabled={staffed} aria-label={`${t("remove")} ${at + 1}`} onClick={() => onChange({ ...draft, groups: draft.groups.filter((_, n) => n !== at) })} />
              </Tooltip>
            );
          },
        },
      ]}
      footer={() => (
        <Button size="small" icon={<PlusOutlined />} onClick={onAdd}>
          {t("addGroup")}
        </Button>
      )}
    />
  );
}

const COLOURS: Record<string, "success" | "processing" | "warning" | "default"> = { ready: "success", busy: "processing", wrap_up: "warning", break: "warning", offline: "default" };

function Agents({ agents, rules }: { agents: AgentView[]; rules: DeskRules }) {
  const t = useWords();
  const d = useDeskWords();
  const assign = useMutation<unknown, Problem, { user: number; groups: string[] }>({
    mutationFn: ({ user, groups }) => data(api.PUT("/api/v1/desk/agents/{user}/groups", { params: { path: { user } }, body: { groups } })),
    meta: { quiet: true },
    onSettled: () => Promise.all([queries.invalidateQueries({ queryKey: AGENTS }), queries.invalidateQueries({ queryKey: GROUPS })]),
  });
  return (
    <Card size="small" title={t("agents")}>
      <ProblemAlert error={assign.error} />
      <Table
        size="small"
        pagination={{ pageSize: 50, hideOnSinglePage: true }}
        scroll={{ x: 560 }}
        rowKey={(one) => one.user}
        dataSource={agents}
        locale={{ emptyText: <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("none")} /> }}
        columns={[
          { title: t("agent"), width: 200, dataIndex: "name", ellipsis: true },
          { title: t("state"), width: 140, render: (_, one) => <Badge status={COLOURS[one.state]} text={d(one.state as DeskWord)} /> },
          {
            title: t("takes"),
            render: (_, one) => (
              <Select
                size="small"
                mode="multiple"
                style={{ width: "100%" }}
                aria-label={`${t("takes")}: ${one.name}`}
                placeholder={t("all")}
                value={one.groups}
                loading={assign.isPending && assign.variables?.user === one.user}
                options={rules.groups.map((group) => ({ value: group.name, label: titleOf(group) }))}
                onChange={(groups: string[]) => assign.mutate({ user: one.user, groups })}
              />
            ),
          },
        ]}
      />
    </Card>
  );
}
