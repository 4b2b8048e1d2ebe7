// A new task: script and list are enough, everything else has a sensible beginning. Ends with the forecast and the compliance preview.
import { Alert, Button, Card, Flex, Form, Input, Select, Skeleton, Steps, Typography } from "antd";
import { useMutation, useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { useEffect, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { api, data, queries } from "@/api/client";
import type { components } from "@/api/schema";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { words } from "@/words";
import { useAsking } from "./asking";
import { Foreseen } from "./Foreseen";
import { PlanForm } from "./PlanForm";
import { fieldsOf, type Options, type PlanFields, planOf } from "./planFields";

type TaskView = components["schemas"]["TaskView"];
type Fields = PlanFields & { name: string; company: number; list: number; line: number };

const useWords = words("newtask", {
  en: {
    title: "New task", plan: "Script and list", preview: "Forecast and preview", name: "Name", list: "List", company: "Calls for", line: "Line", people: "{{name}} ({{n}} people)",
    create: "Create the draft", hours: "Hours, pace, retries", actions: "Actions and notifications", submit: "Submit for review", toTask: "To the task", required: "Needed",
    noList: "There is no list that is ready.", importOne: "Import one", noScript: "There is no reviewed script yet. Write one and have it reviewed by somebody else.",
    noLine: "There is no line. An administrator makes one known from the line file.", notVetted: "papers not vetted", draftMade: "The draft {{name}} is made. Nobody is called yet: somebody else approves it, then it is started.",
  },
  zh: {
    title: "新建任务", plan: "话术与名单", preview: "预测与合规预览", name: "任务名称", list: "名单", company: "代表企业", line: "线路", people: "{{name}}({{n}} 人)",
    create: "创建草稿", hours: "时段、速度与重呼", actions: "动作与通知", submit: "提交审核", toTask: "前往任务", required: "必填",
    noList: "没有就绪的名单。", importOne: "去导入", noScript: "还没有已审核的话术。请先编写并由他人审核。",
    noLine: "没有线路。请管理员从线路文件登记。", notVetted: "资质未核验", draftMade: "草稿 {{name}} 已创建。现在不会呼叫任何人：须由他人通过后再启动。",
  },
});

const STEPS = ["task-what", "plan-hours", "plan-actions"];

export function Component() {
  const t = useWords();
  const options = useQuery({ queryKey: ["task-options"], queryFn: () => data(api.GET("/api/v1/task-options")) });
  return (
    <Page title={t("title")}>
      {options.isPending ? <Skeleton active /> : options.data ? <Wizard options={options.data} /> : <ProblemAlert error={options.error} onRetry={() => void options.refetch()} />}
    </Page>
  );
}

function Wizard({ options }: { options: Options }) {
  const t = useWords();
  const go = useNavigate();
  const [asked] = useSearchParams();
  const [form] = Form.useForm<Fields>();
  const [made, setMade] = useState<TaskView | null>(null);
  const [step, setStep] = useState(0);
  const { ask, can } = useAsking();
  const wanted = Number(asked.get("list"));
  const first = options.lists.find((list) => list.id === wanted) ?? options.lists[0];
  const script = options.scripts[0];
  const line = Form.useWatch("line", form) ?? options.line;
  const initial: Partial<Fields> = {
    ...fieldsOf(options.plan as never),
    scripts: [{ name: "a", version: script ? `${script.script}:${script.digest}` : "", weight: 1 }],
    // names are unique: the proposal of somebody who makes two tasks within a minute must be, too
    name: first ? `${first.name} ${dayjs().format("MM-DD HH:mm:ss")}` : "",
    ...(first ? { list: first.id } : {}),
    ...(options.company ? { company: options.company } : {}),
    ...(options.line ? { line: options.line } : {}),
  };
  const creating = useMutation({
    mutationFn: () => {
      const fields = form.getFieldsValue(true) as Fields;
      const body = { name: fields.name.trim(), company: fields.company, list: fields.list, line: fields.line, plan: planOf(fields, options.plan as never) };
      return data(api.POST("/api/v1/tasks", { body }));
    },
    meta: { quiet: true },
    onSuccess: (task) => {
      setMade(task);
      void queries.invalidateQueries({ queryKey: ["tasks"] });
    },
  });
  useEffect(() => {
    const pools = options.lines.find((one) => one.id === line)?.pools ?? [];
    const now = form.getFieldValue("numbers") as string | undefined;
    if (pools.length > 0 && !pools.some((pool) => pool.pool === now)) form.setFieldValue("numbers", (pools.find((pool) => pool.able > 0) ?? pools[0])!.pool);
  }, [line, options.lines, form]);
  const goTo = (to: number) => {
    setStep(to);
    document.getElementById(STEPS[to]!)?.scrollIntoView({ block: "start", behavior: "smooth" });
  };
  const missing = [
    options.lists.length === 0 && (
      <span key="list">
        {t("noList")} <Link to="/lists/import">{t("importOne")}</Link>
      </span>
    ),
    options.scripts.length === 0 && <span key="script">{t("noScript")}</span>,
    options.lines.length === 0 && <span key="line">{t("noLine")}</span>,
  ].filter(Boolean);
  return (
    <>
      <Steps
        size="small"
        current={made ? 3 : step}
        {...(made ? {} : { onChange: goTo })}
        items={[{ title: t("plan") }, { title: t("hours") }, { title: t("actions") }, { title: t("preview"), disabled: !made }]}
        style={{ marginBottom: 16 }}
      />
      {made ? (
        <Flex vertical gap={12}>
          <Alert
            type="success"
            showIcon
            title={t("draftMade", { name: made.name })}
            action={
              <Flex gap={8}>
                <Button onClick={() => void go(`/tasks/${made.id}`)}>{t("toTask")}</Button>
                {can(made, "submit") && (
                  <Button
                    type="primary"
                    onClick={() => {
                      ask(made, "submit");
                      void go(`/tasks/${made.id}`);
                    }}
                  >
                    {t("submit")}
                  </Button>
                )}
              </Flex>
            }
          />
          <Foreseen task={made.id} version={made.version} auto />
        </Flex>
      ) : (
        <Form form={form} layout="vertical" initialValues={initial} onFinish={() => creating.mutate()} scrollToFirstError>
          <Flex vertical gap={12}>
            {missing.length > 0 && <Alert type="warning" showIcon title={<Flex vertical>{missing}</Flex>} />}
            <ProblemAlert error={creating.error} />
            <Card id="task-what" size="small" title={t("plan")} style={{ scrollMarginTop: 120 }}>
              <Flex gap={16} wrap>
                <Form.Item name="name" label={t("name")} rules={[{ required: true, whitespace: true, max: 200, message: t("required") }]} style={{ minWidth: 280, flex: 1 }}>
                  <Input />
                </Form.Item>
                <Form.Item name="list" label={t("list")} rules={[{ required: true, message: t("required") }]} style={{ minWidth: 260 }}>
                  <Select
                    showSearch
                    optionFilterProp="label"
                    options={options.lists.map((list) => ({ value: list.id, label: t("people", { name: list.name, n: list.people.toLocaleString() }) }))}
                  />
                </Form.Item>
                <Form.Item name="company" label={t("company")} rules={[{ required: true, message: t("required") }]} style={{ minWidth: 220 }}>
                  <Select options={options.companies.map((one) => ({ value: one.id, label: one.vetted ? one.name : `${one.name} · ${t("notVetted")}` }))} />
                </Form.Item>
                <Form.Item name="line" label={t("line")} rules={[{ required: true, message: t("required") }]} style={{ minWidth: 160 }}>
                  <Select options={options.lines.map((one) => ({ value: one.id, label: one.name }))} />
                </Form.Item>
              </Flex>
            </Card>
            <PlanForm options={options} line={line} parts={["scripts"]} />
            <Typography.Title level={2} style={{ fontSize: 16, margin: 0 }}>
              {t("hours")}
            </Typography.Title>
            <PlanForm options={options} line={line} parts={["hours", "pace", "retry"]} />
            <PlanForm options={options} line={line} parts={["actions", "budget"]} />
            <Flex justify="end" style={{ position: "sticky", bottom: 0, padding: "8px 0", background: "var(--ant-color-bg-container, Canvas)", zIndex: 5 }}>
              <Button type="primary" size="large" htmlType="submit" loading={creating.isPending}>
                {t("create")}
              </Button>
            </Flex>
          </Flex>
        </Form>
      )}
    </>
  );
}
