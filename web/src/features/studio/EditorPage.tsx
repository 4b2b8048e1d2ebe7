// A script being written: text and canvas as two views of one document, and beside them problems, talking to it, tests, versions, the sheet.
import { DownOutlined, RedoOutlined, SaveOutlined, UndoOutlined } from "@ant-design/icons";
import { Alert, App, Button, Dropdown, Flex, Input, Modal, Result, Segmented, Skeleton, Tabs, Tag, Tooltip, Typography } from "antd";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useBlocker, useLocation, useNavigate, useParams } from "react-router";
import { api, data, type Detail, Problem } from "@/api/client";
import type { components } from "@/api/schema";
import { useMay } from "@/app/viewer";
import { Page } from "@/ui/Page";
import { ProblemAlert } from "@/ui/problems";
import type { Selected } from "./Canvas";
import { EditError } from "./doc/edit";
import { addKnowledge, addNode, freeName, offset, view } from "./doc/flow";
import { Brought, type BroughtState, useBrought } from "./Brought";
import { type Editor, makeEditor } from "./editor";
import { Inspector } from "./Inspector";
import { Merge } from "./Merge";
import { Problems } from "./Problems";
import { Sheet, saveFile } from "./Sheet";
import { StateTag } from "./StateTag";
import "./studio.css";
import { Talk } from "./Talk";
import { Tests } from "./Tests";
import { refresh, useHistory, Versions } from "./Versions";
import { useWords } from "./words";

const Canvas = lazy(() => import("./Canvas"));
type Draft = components["schemas"]["ScriptDraftView"];

export function Component() {
  const { script = "" } = useParams();
  const t = useWords();
  const may = useMay();
  const draft = useQuery({
    queryKey: ["script-draft", script],
    queryFn: () => data(api.GET("/api/v1/scripts/{script}/draft", { params: { path: { script } } })),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  const history = useHistory(script);
  const begin = useMutation({
    mutationFn: (version: string) => data(api.POST("/api/v1/scripts", { body: { script, version } })),
    onSuccess: () => draft.refetch(),
  });
  // who comes with a question wants to write: a draft is begun for it
  const asked = (useLocation().state as BroughtState | null)?.brought;
  const newestOf = history.data?.versions[0]?.digest;
  const missing = draft.error instanceof Problem && draft.error.status === 404;
  useEffect(() => {
    if (asked && missing && newestOf && may("scripts.write") && begin.isIdle) begin.mutate(newestOf);
  }, [missing, newestOf]); // eslint-disable-line
  if (draft.isPending || begin.isPending) return <Skeleton active paragraph={{ rows: 12 }} />;
  if (missing && history.data) {
    const newest = history.data.versions[0];
    return (
      <Page title={script}>
        <Result
          status="info"
          title={t("noDraft")}
          extra={may("scripts.write") && newest && <Button type="primary" loading={begin.isPending} onClick={() => begin.mutate(newest.digest)}>{t("beginDraft")}</Button>}
        />
        <Versions script={script} onRestore={null} />
      </Page>
    );
  }
  if (draft.error) return <ProblemAlert error={draft.error} onRetry={() => void draft.refetch()} />;
  return <Writing key={script} script={script} first={draft.data} />;
}

function Writing({ script, first }: { script: string; first: Draft }) {
  const t = useWords();
  const may = useMay();
  const go = useNavigate();
  const locked = !may("scripts.write");
  const { message, modal } = App.useApp();
  const [kept, setKept] = useState(first);
  const [text, setText] = useState(first.text);
  const [shown, setShown] = useState<"text" | "canvas">("text");
  const [panel, setPanel] = useState("problems");
  const [selected, setSelected] = useState<Selected>(null);
  const [now, setNow] = useState<string | null>(null);
  const [submitting, setSubmitting] = useState(false);
  const [note, setNote] = useState("");
  const [merging, setMerging] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const table = useRef<HTMLInputElement>(null);
  const history = useHistory(script);
  const dirty = text !== kept.text;
  const late = useDeferredValue(text);
  const flow = useMemo(() => view(late), [late]);
  const current = () => editor.current?.text() ?? text;

  const save = useMutation({
    mutationFn: ({ content, seen }: { content: string; seen: number }) =>
      data(api.PUT("/api/v1/scripts/{script}/draft", { params: { path: { script }, header: { "If-Match": `"${seen}"` } }, body: { text: content, note: "" } })),
    meta: { quiet: true },
    onSuccess: (saved) => {
      setKept(saved);
      void refresh(script);
      void question.saved(saved.text).catch((error: unknown) => message.warning(error instanceof Problem ? error.detail : String(error)));
    },
  });
  const latest = useRef({ kept, save, dirty, locked });
  latest.current = { kept, save, dirty, locked };
  const saveNow = () => {
    const { kept: seen, save: saving, locked: shut } = latest.current;
    if (!shut && !saving.isPending && current() !== seen.text) saving.mutate({ content: current(), seen: seen.version });
  };

  useEffect(() => {
    const made = makeEditor(place.current!, first.text, { label: t("text"), onChange: setText, onSave: saveNow });
    made.lock(locked);
    editor.current = made;
    return () => made.view.destroy();
  }, []); // eslint-disable-line
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
      const typing = (event.target as HTMLElement).closest("input, textarea, .cm-editor");
      if (event.key === "s") {
        event.preventDefault();
        saveNow();
      } else if (event.key === "z" && !typing) {
        event.preventDefault();
        (event.shiftKey ? editor.current?.redo : editor.current?.undo)?.();
      }
    };
    window.addEventListener("keydown", keys);
    return () => window.removeEventListener("keydown", keys);
  }, []); // eslint-disable-line

  const schema = useQuery({ queryKey: ["script-schema"], queryFn: () => data(api.GET("/api/v1/script-schema")), staleTime: Infinity });
  useEffect(() => schema.data && editor.current?.offer(schema.data), [schema.data]);

  // live checks: half a second after the last letter; an answer for an older text is thrown away
  const [asked, setAsked] = useState(first.text);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), 600);
    return () => clearTimeout(timer);
  }, [text]);
  const checked = useQuery({
    queryKey: ["script-live", asked],
    queryFn: ({ signal }) => data(api.POST("/api/v1/script-checks", { body: { text: asked, explore: false }, signal })),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60_000,
  });
  const proof = useMutation({ mutationFn: (content: string) => data(api.POST("/api/v1/script-checks", { body: { text: content, explore: true } })), meta: { quiet: true } });
  const told = proof.data && proof.variables === text ? proof.data : checked.data;
  useEffect(() => editor.current?.mark((told?.problems ?? []) as Detail[]), [told]);
  const wrong = useMemo(
    () => new Set((told?.problems ?? []).filter((one) => one.severity === "error").flatMap((one) => /^flow\.nodes\.([\p{L}\p{N}_-]+)/u.exec(one.field ?? "")?.[1] ?? [])),
    [told],
  );

  const blocker = useBlocker(({ currentLocation, nextLocation }) => latest.current.dirty && currentLocation.pathname !== nextLocation.pathname);
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => latest.current.dirty && event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);

  const edit = (change: (whole: string) => string): boolean => {
    try {
      editor.current!.replace(change(current()));
      return true;
    } catch (error) {
      if (!(error instanceof EditError)) throw error;
      void message.warning(`${t("textOnly")}: ${error.message}`);
      return false;
    }
  };
  const question = useBrought({
    locked,
    edit,
    onPlaced: (entry) => {
      setShown("canvas");
      choose({ kind: "kb", id: String(entry) });
    },
  });
  const show = (where: (ed: Editor) => void) => {
    setShown("text");
    requestAnimationFrame(() => editor.current && where(editor.current));
  };
  const load = (draft: Draft) => {
    setKept(draft);
    editor.current?.load(draft.text);
    save.reset();
    void refresh(script);
  };
  const theirs = useMutation({
    mutationFn: () => data(api.GET("/api/v1/scripts/{script}/draft", { params: { path: { script } } })),
    onSuccess: load,
  });
  const takeMerged = (whole: string, there: Draft) => {
    setMerging(false);
    setKept(there); // what the next save rests on
    editor.current?.replace(whole);
    save.reset();
    void message.success(t("mergedIn"));
  };
  const restore = useMutation({
    mutationFn: (source: string) =>
      data(api.POST("/api/v1/scripts/{script}/draft/restore", { params: { path: { script }, header: { "If-Match": `"${kept.version}"` } }, body: { source } })),
    onSuccess: load,
  });
  const submit = useMutation({
    mutationFn: async () => {
      let seen = kept.version;
      if (current() !== kept.text) seen = (await save.mutateAsync({ content: current(), seen })).version;
      return data(api.POST("/api/v1/scripts/{script}/draft/submit", { params: { path: { script }, header: { "If-Match": `"${seen}"` } }, body: { note } }));
    },
    meta: { quiet: true },
    onSuccess: () => {
      setSubmitting(false);
      void message.success(t("submitted"));
      void refresh(script);
    },
  });
  const discard = useMutation({
    mutationFn: () => data(api.DELETE("/api/v1/scripts/{script}/draft", { params: { path: { script }, header: { "If-Match": `"${kept.version}"` } } })),
    onSuccess: async () => {
      latest.current.dirty = false;
      await refresh(script);
      void go("/scripts");
    },
  });
  const importTable = async (file: File) => {
    const found = await data(api.POST("/api/v1/script-questions", { body: { text: await file.text() } }));
    if (edit((whole) => addKnowledge(whole, found.entries))) void message.success(t("imported", { count: found.entries.length, left: found.problems.length }));
  };
  const choose = (next: Selected) => {
    setSelected(next);
    if (next) setPanel("inspect");
  };
  const addOne = () => {
    const id = freeName(current());
    if (edit((whole) => addNode(whole, id, "…"))) choose({ kind: "node", id });
  };
  const addQuestion = () => {
    if (edit((whole) => addKnowledge(whole, [{ id: "question", title: "", phrases: ["…"], answers: ["…"] }]))) choose({ kind: "kb", id: String(flow.kb.length) });
  };
  const taken = save.error instanceof Problem && save.error.code === "changed-meanwhile";

  return (
    <Page
      title={kept.title || script}
      extra={
        <Flex gap={8} align="center">
          <Typography.Text type="secondary" className="mono">
            {script}
          </Typography.Text>
          {history.data && <StateTag state={history.data.standing.state} />}
          <span aria-live="polite">{dirty ? <Tag color="warning">● {t("dirty")}</Tag> : <Typography.Text type="secondary">{t("saved")}</Typography.Text>}</span>
        </Flex>
      }
      actions={
        <Flex gap={8} align="center" wrap>
          <Segmented
            value={shown}
            onChange={(value) => setShown(value as "text" | "canvas")}
            options={[
              { value: "text", label: t("text") },
              { value: "canvas", label: t("canvas") },
            ]}
          />
          <Tooltip title={`${t("undo")} (Ctrl+Z)`}>
            <Button icon={<UndoOutlined />} aria-label={t("undo")} disabled={locked} onClick={() => editor.current?.undo()} />
          </Tooltip>
          <Tooltip title={`${t("redo")} (Ctrl+Shift+Z)`}>
            <Button icon={<RedoOutlined />} aria-label={t("redo")} disabled={locked} onClick={() => editor.current?.redo()} />
          </Tooltip>
          <Dropdown
            menu={{
              items: [
                { key: "csv", label: t("importCsv"), disabled: locked, onClick: () => table.current?.click() },
                { key: "download", label: t("download"), onClick: () => saveFile(`${script}.yaml`, current(), "application/yaml") },
                {
                  key: "discard",
                  label: t("discard"),
                  danger: true,
                  disabled: locked,
                  onClick: () => void modal.confirm({ title: t("discard"), content: t("discardHow"), okText: t("discard"), cancelText: t("cancel"), okButtonProps: { danger: true }, onOk: () => discard.mutateAsync() }),
                },
              ],
            }}
          >
            <Button>
              {t("more")} <DownOutlined />
            </Button>
          </Dropdown>
          <Tooltip title="Ctrl+S">
            <Button icon={<SaveOutlined />} disabled={locked || !dirty} loading={save.isPending} onClick={saveNow}>
              {t("save")}
            </Button>
          </Tooltip>
          <Button type="primary" disabled={locked || (told?.errors ?? 0) > 0} onClick={() => setSubmitting(true)}>
            {t("submit")}
          </Button>
        </Flex>
      }
    >
      <input ref={table} type="file" accept=".csv,.tsv,text/csv" hidden aria-label={t("importCsv")} onChange={(event) => {
        const file = event.target.files?.[0];
        event.target.value = "";
        if (file) void importTable(file).catch((error: unknown) => message.error(error instanceof Problem ? `${error.detail} ${error.hint}` : String(error)));
      }} />
      {locked && <Alert type="info" showIcon title={t("readOnly")} style={{ marginBottom: 8 }} />}
      <Brought {...question} />
      {!taken && <ProblemAlert error={save.error} />}
      {taken && (
        <Alert
          type="warning"
          showIcon
          style={{ marginBottom: 8 }}
          title={(save.error as Problem).detail}
          action={
            <Flex gap={6}>
              <Button size="small" loading={theirs.isPending} onClick={() => theirs.mutate()}>
                {t("theirs")}
              </Button>
              <Button size="small" type="primary" onClick={() => setMerging(true)}>
                {t("compare3")}
              </Button>
            </Flex>
          }
        />
      )}
      <div className="studio">
        <div className="studio-main">
          <div ref={place} className={`studio-text${shown === "text" ? "" : " studio-hidden"}`} />
          {shown === "canvas" && (
            <div className="studio-canvas">
              <Suspense fallback={<Skeleton active style={{ padding: 16 }} />}>
                <Canvas
                  script={script}
                  flow={flow}
                  wrong={wrong}
                  now={now}
                  selected={selected}
                  locked={locked}
                  onSelect={choose}
                  onEdit={edit}
                  onAdd={addOne}
                  onAddQuestion={addQuestion}
                />
              </Suspense>
            </div>
          )}
        </div>
        <div className="studio-side">
          <Tabs
            size="small"
            activeKey={panel === "inspect" && (shown !== "canvas" || !selected) ? "problems" : panel}
            onChange={setPanel}
            items={[
              ...(shown === "canvas" && selected
                ? [
                    {
                      key: "inspect",
                      label: selected.kind === "node" ? t("node") : selected.kind === "kb" ? t("knowledge") : t("globals"),
                      children: (
                        <Inspector selected={selected} flow={flow} locked={locked} onEdit={edit} onSelect={setSelected} onShow={(path) => show((ed) => ed.jumpTo(offset(ed.text(), path)))} />
                      ),
                    },
                  ]
                : []),
              {
                key: "problems",
                label: `${t("problems")}${told && told.problems.length > 0 ? ` (${told.problems.length})` : ""}`,
                children: (
                  <Problems
                    checked={told}
                    busy={proof.isPending}
                    error={checked.error ?? proof.error}
                    onJump={(one) => show((ed) => ed.jump(one.line, one.column))}
                    onProve={() => proof.mutate(current())}
                  />
                ),
              },
              { key: "talk", label: t("talk"), children: <Talk text={current} variables={flow.vars} onNode={setNow} /> },
              { key: "tests", label: t("tests"), children: <Tests text={current} /> },
              { key: "history", label: t("history"), children: <Versions script={script} onRestore={locked ? null : (source) => restore.mutate(source)} /> },
              { key: "sheet", label: t("sheet"), children: <Sheet text={current} script={script} onEdit={locked ? null : edit} /> },
            ]}
          />
        </div>
      </div>
      {merging && <Merge script={script} base={kept.text} mine={current()} onTake={takeMerged} onClose={() => setMerging(false)} />}
      <Modal open={submitting} title={t("submit")} okText={t("submit")} cancelText={t("cancel")} confirmLoading={submit.isPending} onCancel={() => setSubmitting(false)} onOk={() => submit.mutate()}>
        <ProblemAlert error={submit.error} />
        <label htmlFor="submit-note">{t("note")}</label>
        <Input.TextArea id="submit-note" rows={3} maxLength={1000} value={note} onChange={(event) => setNote(event.target.value)} />
      </Modal>
      <Modal
        open={blocker.state === "blocked"}
        title={t("leave")}
        okText={t("go")}
        okButtonProps={{ danger: true }}
        cancelText={t("stay")}
        onOk={() => blocker.proceed?.()}
        onCancel={() => blocker.reset?.()}
      >
        {t("leaveHow")}
      </Modal>
    </Page>
  );
}
