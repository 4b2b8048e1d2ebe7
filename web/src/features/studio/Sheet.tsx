// What a speaker has to read for the script as it stands in the editor.
import { App, Button, Flex, Table, Tag, Typography } from "antd";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "react-router";
import { api, data } from "@/api/client";
import { ProblemAlert } from "@/ui/problems";
import { nameRecordings } from "./doc/flow";
import { useWords as useRecordingWords } from "./recordingWords";
import { useWords } from "./words";

/** A cell as a spreadsheet takes it: nothing in it is run as a formula. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${safe.replaceAll('"', '""')}"`;
}

export function saveFile(name: string, text: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

interface Props {
  text: () => string;
  script: string;
  onEdit: ((change: (whole: string) => string) => boolean) | null;
}

export function Sheet({ text, script, onEdit }: Props) {
  const t = useWords();
  const r = useRecordingWords();
  const { message } = App.useApp();
  const sheet = useMutation({ mutationFn: () => data(api.POST("/api/v1/script-sheets", { body: { text: text() } })), meta: { quiet: true } });
  useEffect(() => sheet.mutate(), []); // eslint-disable-line
  const lines = sheet.data?.lines ?? [];
  const download = () => {
    const rows = [["file", "text", "whole", "where", "named in script"], ...lines.map((one) => [one.file, one.text, one.whole, one.where, one.named ? "1" : "0"])];
    saveFile(`${script}-recordings.csv`, `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`, "text/csv");
  };
  const unnamed = lines.filter((one) => !one.named);
  const nameAll = () => {
    let left = 0;
    const whole = (before: string) => {
      const named = nameRecordings(before, unnamed);
      left = named.left;
      return named.text;
    };
    if (!onEdit?.(whole)) return;
    void message.success(left === 0 ? r("named", { count: unnamed.length }) : `${r("named", { count: unnamed.length - left })} · ${r("unnameable", { count: left })}`);
    sheet.mutate();
  };
  return (
    <Flex vertical gap={8}>
      <Flex gap={8} wrap>
        <Link to={`/scripts/${encodeURIComponent(script)}/recordings`}>
          <Button size="small" type="primary">
            {r("open")}
          </Button>
        </Link>
        {onEdit && unnamed.length > 0 && (
          <Button size="small" onClick={nameAll}>
            {r("nameAll")}
          </Button>
        )}
        <Button size="small" disabled={lines.length === 0} onClick={download}>
          {t("downloadSheet")}
        </Button>
        <Button size="small" onClick={() => sheet.mutate()} loading={sheet.isPending} aria-label={t("sheet")}>
          ↻
        </Button>
      </Flex>
      <ProblemAlert error={sheet.error} />
      {sheet.data && sheet.data.spoken.length > 0 && <Typography.Text type="secondary">{t("spokenTexts", { count: sheet.data.spoken.length })}</Typography.Text>}
      <Table
        size="small"
        rowKey="file"
        dataSource={lines}
        pagination={{ pageSize: 50, hideOnSinglePage: true, size: "small" }}
        columns={[
          { title: t("file"), width: 130, render: (_, one) => <span className="mono" style={{ fontSize: 12, overflowWrap: "anywhere" }}>{one.file}</span> },
          {
            title: t("readThis"),
            render: (_, one) => (
              <>
                {one.text} {!one.named && <Tag>{t("unnamed")}</Tag>}
              </>
            ),
          },
        ]}
      />
    </Flex>
  );
}
