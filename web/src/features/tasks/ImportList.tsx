// Import a list: drop a file, look at its columns, import it and see what became of every row.
import { InboxOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Checkbox, DatePicker, Descriptions, Flex, Form, Input, Progress, Select, Space, Steps, Table, Tag, Typography, Upload } from "antd";
import { useMutation } from "@tanstack/react-query";
import type { Dayjs } from "dayjs";
import { useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, data, queries, upload as send } from "@/api/client";
import type { components } from "@/api/schema";
import { isOver, JobProgress, jobFile, useJob } from "@/ui/Job";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { language, words } from "@/words";
import { say } from "./words";

type UploadView = components["schemas"]["UploadView"];

const useWords = words("import", {
  en: {
    title: "Import a list", file: "File", columns: "Columns", result: "Result", drop: "Drop a CSV, XLSX or JSON file here, or click",
    dropHint: "At most 250 MB. Each person needs a number and the basis on which they may be called.", sending: "Uploading",
    column: "Column", meaning: "What it is", samples: "First values", out: "leave out", variable: "variable: {{name}}", newVariable: "variable of this name",
    region: "Country of numbers without +", zone: "Time zone of times without one", basis: "Basis for rows that name none", none: "none",
    consentAt: "Date of the consent for rows that name none", name: "Name of the list", preview: "First rows", line: "Line", number: "Number", fine: "fine",
    about: "about {{n}} rows", import: "Import", back: "Another file", allOrNothing: "One bad row, and nobody is imported",
    notElsewhere: "Leave out who is on another list", again: "Import another list", toList: "See the list", toTask: "Make a task",
    rows: "Rows", imported: "Imported", already: "On the list already", duplicates: "Twice in the file", bad: "Not usable", people: "On the list now",
    errors: "Download what is wrong (CSV)", suppressed: "Erased or suppressed", frozen: "Frozen", elsewhere: "On another list", "in-task": "In that task", problems: "What is wrong with its columns", check: "Check",
  },
  zh: {
    title: "导入名单", file: "选择文件", columns: "列映射", result: "结果", drop: "将 CSV、XLSX 或 JSON 文件拖到此处，或点击选择",
    dropHint: "最大 250 MB。每个人都要有号码和呼叫依据。", sending: "上传中",
    column: "列名", meaning: "含义", samples: "样例", out: "不导入", variable: "变量：{{name}}", newVariable: "同名变量",
    region: "不带 + 的号码所属国家", zone: "时间所在时区", basis: "缺少依据的行默认为", none: "无",
    consentAt: "缺少同意时间的行默认为", name: "名单名称", preview: "前几行", line: "行", number: "号码", fine: "正常",
    about: "约 {{n}} 行", import: "开始导入", back: "换一个文件", allOrNothing: "只要有一行有错就全部不导入",
    notElsewhere: "排除已在其他名单中的人", again: "再导入一个", toList: "查看名单", toTask: "创建任务",
    rows: "总行数", imported: "已导入", already: "已在名单中", duplicates: "文件内重复", bad: "无法使用", people: "名单现有人数",
    errors: "下载错误明细(CSV)", suppressed: "已删除或屏蔽", frozen: "在冻结库中", elsewhere: "在其他名单中", "in-task": "在该任务中", problems: "列映射的问题", check: "检查",
  },
});

const FIELDS: Record<string, readonly [string, string]> = {
  number: ["phone number", "手机号"], basis: ["basis of the call", "呼叫依据"], consent_at: ["consent given at", "同意时间"], valid_until: ["valid until", "有效期至"],
  scope: ["scope of the consent", "同意范围"], wording: ["version of the wording", "告知文案版本"], channel: ["channel", "渠道"], source: ["source", "来源"],
  time_zone: ["time zone", "时区"],
};
const BASES: Record<string, readonly [string, string]> = {
  consent: ["consent", "本人同意"], contract: ["contract", "合同"], legal_obligation: ["legal obligation", "法定义务"], existing_customer: ["existing customer", "老客户"],
};
const REGIONS = ["CN", "HK", "TW", "US", "CA", "GB", "DE", "FR", "AU", "SG", "JP"];

function zoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

export function Component() {
  const t = useWords();
  const go = useNavigate();
  const [seen, setSeen] = useState<UploadView | null>(null);
  const [sent, setSent] = useState(0);
  const [mapping, setMapping] = useState<Record<string, string>>({});
  const [job, setJob] = useState<string | null>(null);
  const [form] = Form.useForm<{ name: string; region: string; zone: string; basis: string; consent_at: Dayjs | null; all_or_nothing: boolean; not_elsewhere: boolean }>();
  const values = Form.useWatch([], form);

  const uploading = useMutation({
    mutationFn: (file: File) => {
      const body = new FormData();
      body.append("file", file);
      body.append("lang", language());
      setSent(0);
      return send<UploadView>("/api/v1/lists/uploads", body, setSent);
    },
    meta: { quiet: true },
    onSuccess: (found, file) => {
      setSeen(found);
      setMapping({});
      form.setFieldsValue({ name: file.name.replace(/\.[^.]*$/, "") });
    },
  });
  const reading = () => ({
    mapping,
    defaults: Object.fromEntries(
      Object.entries({ basis: values?.basis, consent_at: values?.consent_at?.format("YYYY-MM-DD") }).filter((pair): pair is [string, string] => Boolean(pair[1])),
    ),
    region: values?.region ?? "",
    zone: values?.zone || "UTC",
    lang: language(),
  });
  const looking = useMutation({
    mutationFn: () => data(api.POST("/api/v1/lists/uploads/{upload}/preview", { params: { path: { upload: seen!.id } }, body: reading() })),
    meta: { quiet: true },
    onSuccess: setSeen,
  });
  const importing = useMutation({
    mutationFn: () =>
      data(
        api.POST("/api/v1/lists/uploads/{upload}/import", {
          params: { path: { upload: seen!.id } },
          body: { ...reading(), name: values.name, all_or_nothing: values.all_or_nothing ?? false, not_elsewhere: values.not_elsewhere ?? false },
        }),
      ),
    meta: { quiet: true },
    onSuccess: (found) => {
      setJob(found.id);
      void queries.invalidateQueries({ queryKey: ["jobs"] });
    },
  });
  const told = JSON.stringify([mapping, values?.basis, values?.consent_at?.format(), values?.region, values?.zone, language()]);
  useEffect(() => {
    if (!seen || job || !values?.zone) return;
    const soon = setTimeout(() => looking.mutate(), 250);
    return () => clearTimeout(soon);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a new look whenever the reading changes
  }, [told, seen?.id, job]);
  const found = useJob(job);
  useEffect(() => {
    if (isOver(found.data)) void queries.invalidateQueries({ queryKey: ["lists"] });
  }, [found.data]);

  const step = job ? 2 : seen ? 1 : 0;
  const begin = () => {
    setSeen(null);
    setJob(null);
    setMapping({});
    uploading.reset();
    importing.reset();
  };
  return (
    <Page title={t("title")}>
      <Steps size="small" current={step} items={[{ title: t("file") }, { title: t("columns") }, { title: t("result") }]} style={{ marginBottom: 16, maxWidth: 720 }} />
      {step === 0 && (
        <>
          <ProblemAlert error={uploading.error} />
          <Upload.Dragger
            accept=".csv,.txt,.xlsx,.json,.jsonl"
            multiple={false}
            showUploadList={false}
            disabled={uploading.isPending}
            customRequest={({ file }) => uploading.mutate(file as File)}
          >
            <p className="ant-upload-drag-icon">
              <InboxOutlined />
            </p>
            <p>{t("drop")}</p>
            <Typography.Text type="secondary">{t("dropHint")}</Typography.Text>
          </Upload.Dragger>
          {uploading.isPending && <Progress percent={Math.round(sent * 100)} status="active" aria-label={t("sending")} />}
        </>
      )}
      <Form
        form={form}
        layout="vertical"
        hidden={step !== 1}
        initialValues={{ region: language() === "zh" ? "CN" : "", zone: zoneHere(), basis: "", consent_at: null }}
        onFinish={() => importing.mutate()}
      >
        {seen && step === 1 && (
          <Flex vertical gap={16}>
            <Space wrap>
              <Typography.Text strong>{seen.name}</Typography.Text>
              <Tag>{seen.kind.toUpperCase()}</Tag>
              {Object.values(seen.how).map((how) => (
                <Tag key={how}>{how}</Tag>
              ))}
              <Typography.Text type="secondary">{t("about", { n: seen.about.toLocaleString() })}</Typography.Text>
            </Space>
            <Flex gap={16} wrap>
              <Form.Item name="name" label={t("name")} rules={[{ required: true, whitespace: true, max: 200 }]} style={{ minWidth: 240, flex: 1 }}>
                <Input />
              </Form.Item>
              <Form.Item name="region" label={t("region")} style={{ minWidth: 180 }}>
                <Select showSearch options={[{ value: "", label: t("none") }, ...REGIONS.map((value) => ({ value, label: value }))]} />
              </Form.Item>
              <Form.Item name="zone" label={t("zone")} style={{ minWidth: 200 }}>
                <Select showSearch options={[...new Set([zoneHere(), ...Intl.supportedValuesOf("timeZone")])].map((value) => ({ value, label: value }))} />
              </Form.Item>
              <Form.Item name="basis" label={t("basis")} style={{ minWidth: 200 }}>
                <Select options={[{ value: "", label: t("none") }, ...Object.keys(BASES).map((value) => ({ value, label: say(BASES, value) }))]} />
              </Form.Item>
              <Form.Item name="consent_at" label={t("consentAt")} style={{ minWidth: 200 }}>
                <DatePicker format="YYYY-MM-DD" />
              </Form.Item>
            </Flex>
            <ProblemAlert error={looking.error ?? importing.error} />
            {seen.problems.length > 0 && (
              <Alert
                type="warning"
                showIcon
                title={t("problems")}
                description={
                  <ul style={{ margin: 0, paddingInlineStart: 18 }}>
                    {seen.problems.map((each, at) => (
                      <li key={at}>
                        {each.message} <Typography.Text type="secondary">{each.hint}</Typography.Text>
                      </li>
                    ))}
                  </ul>
                }
              />
            )}
            <Columns seen={seen} mapping={mapping} onChange={setMapping} />
            <Card size="small" title={t("preview")}>
              <Table
                size="small"
                pagination={false}
                rowKey="line"
                scroll={{ y: 260 }}
                loading={looking.isPending}
                dataSource={seen.rows}
                columns={[
                  { title: t("line"), dataIndex: "line", width: 70, align: "right" },
                  { title: t("number"), dataIndex: "number", width: 160, className: "numeric" },
                  {
                    title: t("check"),
                    render: (_, row) =>
                      row.problems.length === 0 ? (
                        <Tag color="success">{t("fine")}</Tag>
                      ) : (
                        row.problems.map((each, at) => (
                          <div key={at}>
                            <Typography.Text type="danger">{each.message}</Typography.Text> <Typography.Text type="secondary">{each.hint}</Typography.Text>
                          </div>
                        ))
                      ),
                  },
                ]}
              />
            </Card>
            <Flex gap={16} align="center" wrap>
              <Form.Item name="all_or_nothing" valuePropName="checked" noStyle>
                <Checkbox>{t("allOrNothing")}</Checkbox>
              </Form.Item>
              <Form.Item name="not_elsewhere" valuePropName="checked" noStyle>
                <Checkbox>{t("notElsewhere")}</Checkbox>
              </Form.Item>
              <span className="stretch" />
              <Button onClick={begin}>{t("back")}</Button>
              <Button type="primary" htmlType="submit" loading={importing.isPending} disabled={seen.problems.length > 0}>
                {t("import")}
              </Button>
            </Flex>
          </Flex>
        )}
      </Form>
      {step === 2 && (
        <Card style={{ maxWidth: 760 }}>
          <JobProgress job={found.data} error={found.error}>
            {found.data?.state === "done" && <Outcome result={found.data.result as never} />}
            {isOver(found.data) && (
              <Flex gap={8} wrap style={{ marginTop: 16 }}>
                {found.data!.files.includes("errors.csv") && (
                  <Button href={jobFile(found.data!, "errors.csv")} download>
                    {t("errors")}
                  </Button>
                )}
                <Button onClick={begin}>{t("again")}</Button>
                {found.data?.state === "done" && (
                  <>
                    <Link to={`/lists/${String(found.data.result["list_id"])}`}>
                      <Button>{t("toList")}</Button>
                    </Link>
                    <Button type="primary" onClick={() => void go(`/tasks/new?list=${String(found.data!.result["list_id"])}`)}>
                      {t("toTask")}
                    </Button>
                  </>
                )}
              </Flex>
            )}
          </JobProgress>
        </Card>
      )}
    </Page>
  );
}

function Columns({ seen, mapping, onChange }: { seen: UploadView; mapping: Record<string, string>; onChange: (mapping: Record<string, string>) => void }) {
  const t = useWords();
  const shown = (target: string) => (target === "" ? "-" : target.replace(/^var:/, "var:"));
  return (
    <Table
      size="small"
      pagination={false}
      rowKey="name"
      scroll={{ y: 300 }}
      dataSource={seen.columns}
      columns={[
        { title: t("column"), dataIndex: "name", width: 200, ellipsis: true, render: (name: string) => name || "—" },
        {
          title: t("meaning"),
          width: 280,
          render: (_, column) => (
            <Select
              style={{ width: 260 }}
              aria-label={`${t("meaning")}: ${column.name}`}
              value={shown(column.target)}
              showSearch
              options={[
                ...seen.fields.map((value) => ({ value, label: say(FIELDS, value) })),
                { value: column.target.startsWith("var:") ? column.target : `var:${column.name}`, label: t("variable", { name: column.target.startsWith("var:") ? column.target.slice(4) : column.name }) },
                { value: "-", label: t("out") },
              ]}
              onChange={(value) => onChange({ ...mapping, [column.name]: value })}
            />
          ),
        },
        { title: t("samples"), render: (_, column) => <Typography.Text type="secondary">{column.samples.join(" · ")}</Typography.Text> },
      ]}
    />
  );
}

interface Report {
  rows: number;
  imported: number;
  already: number;
  duplicates: number;
  bad: number;
  kept_out: Record<string, number>;
  people: number;
}

function Outcome({ result }: { result: Report }) {
  const t = useWords();
  const kept = Object.entries(result.kept_out).map(([why, n]) => ({ key: why, label: t(why as "frozen"), children: n.toLocaleString() }));
  const plain = (["rows", "imported", "already", "duplicates", "bad", "people"] as const).map((name) => ({
    key: name,
    label: t(name),
    children: <span className="numeric">{result[name].toLocaleString()}</span>,
  }));
  return <Descriptions size="small" bordered column={2} items={[...plain, ...kept]} style={{ marginTop: 12 }} />;
}
