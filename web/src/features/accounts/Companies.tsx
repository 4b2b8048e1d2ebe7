// Companies that are called for: their papers, and the vetting of these by somebody else.
import { DownloadOutlined, FilePdfOutlined, FileImageOutlined, InboxOutlined } from "@ant-design/icons";
import { Alert, App, Badge, Button, DatePicker, Descriptions, Drawer, Form, Input, List, Progress, Space, Tag, Typography, Upload } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Problem, upload } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { CursorTable } from "@/ui/CursorTable";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { words } from "@/words";
import "./problems";

type Company = components["schemas"]["CompanyRow"];

const useWords = words("companies", {
  en: {
    title: "Companies", about: "Nobody is called for a company whose papers no second person has looked at, or whose vetting is over.", add: "Add a company",
    name: "Name", registration: "Registration", registrationExtra: "Unified social credit code, EIN, company number", country: "Country", countryExtra: "Two letters, like CN",
    state: "State", vetted: "Vetted", over: "Vetting is over", open: "Not vetted", until: "until", by: "by", papers: "Papers", none: "No papers yet",
    drop: "Drop a file here, or click", dropHow: "Licence, authorisation, line contract: PDF, PNG or JPEG, at most 10 MB", save: "Add", vet: "Decide about the papers",
    vetHow: "Look at every paper. Whoever brought one does not decide.", accept: "In order", refuse: "Not in order", holds: "Holds until", needed: "This is needed",
    elsewhere: "looked at elsewhere", download: "Download", done: "Decided", missing: "Papers are missing", empty: "No company yet",
  },
  zh: {
    title: "企业资质", about: "材料未经第二人审核或审核已过期的企业，不会为其拨打任何电话。", add: "添加企业", name: "名称", registration: "登记号",
    registrationExtra: "统一社会信用代码、EIN 或公司注册号", country: "国家或地区", countryExtra: "两位字母，如 CN", state: "状态", vetted: "审核通过", over: "审核已过期",
    open: "未审核", until: "有效期至", by: "审核人", papers: "材料", none: "尚未上传材料", drop: "点击或拖拽文件到此处", dropHow: "营业执照、授权书、线路合同：PDF、PNG 或 JPEG，不超过 10 MB",
    save: "添加", vet: "审核材料", vetHow: "请逐份查看材料。上传者不能审核自己的材料。", accept: "通过", refuse: "不通过", holds: "有效期至", needed: "必填项",
    elsewhere: "线下已查验", download: "下载", done: "已审核", missing: "缺少材料", empty: "尚未添加企业",
  },
});

export function Component() {
  const t = useWords();
  const may = useMay();
  const [shown, setShown] = useState<number | "new" | null>(null);
  return (
    <Page
      title={t("title")}
      actions={
        may("company.write") && (
          <Button type="primary" onClick={() => setShown("new")}>
            {t("add")}
          </Button>
        )
      }
    >
      <Typography.Paragraph type="secondary">{t("about")}</Typography.Paragraph>
      <CursorTable<Company>
        label={t("title")}
        queryKey={["companies"]}
        fetch={(cursor) => data(api.GET("/api/v1/companies", { params: { query: { cursor, limit: 50 } } }))}
        rowKey={(row) => String(row.id)}
        onOpen={(row) => setShown(row.id)}
        empty={t("empty")}
        columns={[
          { title: t("name"), dataIndex: "name" },
          { title: t("registration"), dataIndex: "registration", className: "numeric" },
          { title: t("country"), dataIndex: "country" },
          { title: t("papers"), dataIndex: "papers", render: (papers: unknown[]) => papers.length, align: "end" },
          { title: t("state"), key: "state", render: (_, row) => <State company={row} /> },
        ]}
      />
      {shown === "new" && <Add onClose={(which) => setShown(which ?? null)} />}
      {typeof shown === "number" && <Shown which={shown} onClose={() => setShown(null)} />}
    </Page>
  );
}

function State({ company }: { company: Company }) {
  const t = useWords();
  const status = ({ vetted: "success", over: "warning", open: "default" } as const)[company.state as "open"];
  return (
    <Space size={4}>
      <Badge status={status} text={t(company.state as "open")} />
      {company.vetted_until && (
        <Typography.Text type="secondary">
          {t("until")} {dayjs(company.vetted_until).format("YYYY-MM-DD")}
        </Typography.Text>
      )}
    </Space>
  );
}

function Add({ onClose }: { onClose: (which?: number) => void }) {
  const t = useWords();
  const queries = useQueryClient();
  const [form] = Form.useForm();
  const add = useMutation<number, Problem, { name: string; registration: string; country: string }>({
    mutationFn: async (filled) => (await data(api.POST("/api/v1/companies", { body: filled }))).id,
    meta: { quiet: true },
    onSuccess: async (which) => {
      await queries.invalidateQueries({ queryKey: ["companies"] });
      onClose(which);
    },
  });
  const needed = [{ required: true, message: t("needed") }];
  return (
    <Drawer
      open
      size={440}
      title={t("add")}
      onClose={() => onClose()}
      extra={
        <Button type="primary" loading={add.isPending} onClick={() => form.submit()}>
          {t("save")}
        </Button>
      }
    >
      <ProblemAlert error={add.error} />
      <Form form={form} layout="vertical" requiredMark={false} initialValues={{ country: "CN" }} onFinish={(filled) => add.mutate(filled)}>
        <Form.Item name="name" label={t("name")} rules={needed}>
          <Input autoFocus maxLength={200} />
        </Form.Item>
        <Form.Item name="registration" label={t("registration")} extra={t("registrationExtra")} rules={needed}>
          <Input maxLength={64} />
        </Form.Item>
        <Form.Item name="country" label={t("country")} extra={t("countryExtra")} rules={[{ required: true, pattern: /^[A-Z]{2}$/, message: t("countryExtra") }]}>
          <Input maxLength={2} style={{ width: 80 }} />
        </Form.Item>
      </Form>
    </Drawer>
  );
}

function Shown({ which, onClose }: { which: number; onClose: () => void }) {
  const t = useWords();
  const may = useMay();
  const company = useQuery({
    queryKey: ["company", which],
    queryFn: () => data(api.GET("/api/v1/companies/{company}", { params: { path: { company: which } } })),
  });
  const known = company.data;
  return (
    <Drawer open size={520} title={known?.name ?? t("title")} onClose={onClose} loading={company.isPending}>
      <ProblemAlert error={company.error} />
      {known && (
        <Space orientation="vertical" size={16} style={{ width: "100%" }}>
          <Descriptions
            column={1}
            size="small"
            styles={{ label: { color: "inherit" } }}
            items={[
              { key: "registration", label: t("registration"), children: <span className="numeric">{known.registration}</span> },
              { key: "country", label: t("country"), children: known.country },
              { key: "state", label: t("state"), children: <State company={known} /> },
              ...(known.vetted_by ? [{ key: "by", label: t("by"), children: <>{known.vetted_by} · <When at={known.vetted_at} /></> }] : []),
            ]}
          />
          <Papers company={known} />
          {may("company.write") && <Bring which={which} />}
          {may("company.vet") && known.papers.length > 0 && <Decide which={which} />}
        </Space>
      )}
    </Drawer>
  );
}

function Papers({ company }: { company: Company }) {
  const t = useWords();
  return (
    <List
      size="small"
      bordered
      header={t("papers")}
      locale={{ emptyText: t("none") }}
      dataSource={company.papers}
      renderItem={(paper) => (
        <List.Item
          actions={[
            paper.stored ? (
              <Button
                key="get" size="small" icon={<DownloadOutlined />} aria-label={`${t("download")} ${paper.name}`}
                href={`/api/v1/companies/${company.id}/papers/${paper.sha256}`} download
              />
            ) : (
              <Tag key="there">{t("elsewhere")}</Tag>
            ),
          ]}
        >
          <List.Item.Meta
            avatar={paper.type === "application/pdf" ? <FilePdfOutlined /> : <FileImageOutlined />}
            title={paper.name}
            description={
              <>
                {paper.size != null && `${Math.max(1, Math.round(paper.size / 1024))} KB · `}
                {paper.at && <When at={paper.at} />} <span className="mono">{paper.sha256.slice(0, 12)}</span>
              </>
            }
          />
        </List.Item>
      )}
    />
  );
}

function Bring({ which }: { which: number }) {
  const t = useWords();
  const queries = useQueryClient();
  const [part, setPart] = useState<number | null>(null);
  const bring = useMutation<unknown, Problem, File>({
    mutationFn: (file) => {
      const form = new FormData();
      form.append("file", file);
      setPart(0);
      return upload(`/api/v1/companies/${which}/papers`, form, setPart);
    },
    meta: { quiet: true },
    onSettled: () => {
      setPart(null);
      void queries.invalidateQueries({ queryKey: ["companies"] });
      return queries.invalidateQueries({ queryKey: ["company", which] });
    },
  });
  return (
    <div>
      <ProblemAlert error={bring.error} />
      <Upload.Dragger
        accept=".pdf,.png,.jpg,.jpeg"
        showUploadList={false}
        disabled={bring.isPending}
        beforeUpload={(file) => {
          bring.mutate(file);
          return false;
        }}
      >
        <InboxOutlined style={{ fontSize: 24 }} />
        <div>{t("drop")}</div>
        <Typography.Text type="secondary">{t("dropHow")}</Typography.Text>
        {part !== null && <Progress percent={Math.round(part * 100)} size="small" />}
      </Upload.Dragger>
    </div>
  );
}

function Decide({ which }: { which: number }) {
  const t = useWords();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const [until, setUntil] = useState<Dayjs | null>(() => dayjs().add(1, "year").endOf("day"));
  const decide = useMutation<unknown, Problem, boolean>({
    mutationFn: (accept) =>
      data(
        api.POST("/api/v1/companies/{company}/vetting", {
          params: { path: { company: which } },
          body: { accept, until: accept && until ? until.toISOString() : null },
        }),
      ),
    meta: { quiet: true },
    onSuccess: () => {
      void message.success(t("done"));
      void queries.invalidateQueries({ queryKey: ["companies"] });
      return queries.invalidateQueries({ queryKey: ["company", which] });
    },
  });
  return (
    <div>
      <ProblemAlert error={decide.error} />
      <Alert
        type="info"
        title={t("vet")}
        description={
          <>
            <Typography.Paragraph type="secondary">{t("vetHow")}</Typography.Paragraph>
            <Space wrap>
              <label htmlFor="vetting-until">{t("holds")}</label>
              <DatePicker
                id="vetting-until" value={until} allowClear={false} disabledDate={(day) => day.isBefore(dayjs(), "day")}
                onChange={(day) => setUntil(day?.endOf("day") ?? null)}
              />
              <Button type="primary" loading={decide.isPending} onClick={() => decide.mutate(true)}>
                {t("accept")}
              </Button>
              <Button danger disabled={decide.isPending} onClick={() => decide.mutate(false)}>
                {t("refuse")}
              </Button>
            </Space>
          </>
        }
      />
    </div>
  );
}
