// What is chosen on the canvas: a node, a knowledge entry or a global rule; each field is a change of the text.
import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Form, Input, Select, Typography } from "antd";
import { useEffect, useState } from "react";
import type { Selected } from "./Canvas";
import { remove, set, type Path } from "./doc/edit";
import { connect, deleteNode, disconnect, type Entry, NEXT_KEYS, NODE_TYPES, redirect, removeWording, renameNode, type Script, setKey, setWording } from "./doc/flow";
import { useWords } from "./words";

interface Props {
  selected: NonNullable<Selected>;
  flow: Script;
  locked: boolean;
  onEdit: (change: (text: string) => string) => boolean;
  onSelect: (selected: Selected) => void;
  onShow: (path: Path) => void;
}

export function Inspector(props: Props) {
  const { selected, flow } = props;
  const node = selected.kind === "node" ? flow.nodes.find((one) => one.id === selected.id) : undefined;
  const entry = selected.kind === "node" ? undefined : flow[selected.kind].find((one) => String(one.index) === selected.id);
  if (!node && !entry) return null;
  return <div className="studio-inspect">{node ? <NodeFields key={node.id} {...props} id={node.id} /> : <EntryFields key={selected.kind + selected.id} {...props} entry={entry!} />}</div>;
}

/** A text that is handed on when it is left, not letter by letter: one step of the history. */
function Field({ id, label, value, rows, locked, onDone, max = 500 }: { id: string; label: string; value: string; rows?: number; locked: boolean; onDone: (value: string) => void; max?: number }) {
  const [now, setNow] = useState(value);
  useEffect(() => setNow(value), [value]);
  const done = () => now !== value && onDone(now);
  return (
    <Form.Item label={label} htmlFor={id} style={{ marginBottom: 8 }}>
      {rows ? (
        <Input.TextArea id={id} disabled={locked} autoSize={{ minRows: rows, maxRows: 10 }} maxLength={max} value={now} onChange={(event) => setNow(event.target.value)} onBlur={done} />
      ) : (
        <Input id={id} disabled={locked} maxLength={max} value={now} onChange={(event) => setNow(event.target.value)} onBlur={done} onPressEnter={done} />
      )}
    </Form.Item>
  );
}

function Wordings({ path, label, wordings, locked, onEdit }: { path: Path; label: string; wordings: string[]; locked: boolean; onEdit: Props["onEdit"] }) {
  const t = useWords();
  return (
    <>
      {wordings.map((words, n) => (
        <Flex key={n} gap={4} align="flex-start">
          <div style={{ flex: 1 }}>
            <Field id={`wording-${n}`} label={n === 0 ? label : `${label} ${n + 1}`} value={words} rows={2} locked={locked} onDone={(next) => onEdit((text) => setWording(text, path, n, next))} />
          </div>
          {wordings.length > 1 && <Button size="small" type="text" disabled={locked} aria-label={t("delete")} icon={<DeleteOutlined />} onClick={() => onEdit((text) => removeWording(text, path, n))} />}
        </Flex>
      ))}
      <Button size="small" type="dashed" disabled={locked} icon={<PlusOutlined />} onClick={() => onEdit((text) => setWording(text, path, wordings.length, "…"))} style={{ marginBottom: 8 }}>
        {t("addWording")}
      </Button>
    </>
  );
}

function NodeFields({ id, flow, locked, onEdit, onSelect, onShow }: Props & { id: string }) {
  const t = useWords();
  const node = flow.nodes.find((one) => one.id === id)!;
  const path: Path = ["flow", "nodes", id];
  const edges = flow.edges.filter((edge) => edge.from === id);
  const [key, setKeyName] = useState("affirm");
  const free = NEXT_KEYS.filter((one) => !edges.some((edge) => edge.label === one));
  const asksSlot = node.type === "collect" && node.slot !== "";
  const targets = flow.nodes.map((one) => ({ value: one.id, label: one.id }));
  const rename = (to: string) => onEdit((text) => renameNode(text, id, to.trim())) && onSelect({ kind: "node", id: to.trim() });
  return (
    <Form layout="vertical" size="small" component="div">
      <Field id="node-name" label={t("rename")} value={id} max={64} locked={locked} onDone={rename} />
      <Form.Item label={t("type")} htmlFor="node-type" style={{ marginBottom: 8 }}>
        <Select
          id="node-type"
          disabled={locked}
          value={node.type}
          options={NODE_TYPES.map((one) => ({ value: one, label: one }))}
          onChange={(type) => onEdit((text) => setKey(text, [...path, "type"], type === "say" ? "" : type))}
        />
      </Form.Item>
      {asksSlot ? (
        <Field id="slot-ask" label={`${t("say")} (${node.slot})`} value={node.say[0] ?? ""} rows={2} locked={locked} onDone={(next) => onEdit((text) => set(text, ["slots", node.slot, "ask"], next))} />
      ) : (
        <Wordings path={[...path, "say"]} label={t("say")} wordings={node.say} locked={locked} onEdit={onEdit} />
      )}
      <Field id="node-end" label={t("end")} value={node.end} max={64} locked={locked} onDone={(next) => onEdit((text) => setKey(text, [...path, "end"], next.trim()))} />
      <Typography.Text strong>{t("transitions")}</Typography.Text>
      {edges.map((edge) => (
        <Flex key={edge.path.join("/")} gap={4} align="center" style={{ marginTop: 4 }}>
          <span className="mono" style={{ width: 92, overflow: "hidden", textOverflow: "ellipsis", fontSize: 12 }} title={edge.label}>
            {edge.label}
          </span>
          <Select
            size="small"
            showSearch
            disabled={locked}
            aria-label={`${edge.label} ${t("to")}`}
            style={{ flex: 1, minWidth: 0 }}
            value={edge.to}
            options={targets}
            onChange={(to) => onEdit((text) => redirect(text, edge, to))}
          />
          <Button size="small" type="text" disabled={locked} aria-label={`${t("delete")} ${edge.label}`} icon={<DeleteOutlined />} onClick={() => onEdit((text) => disconnect(text, edge))} />
        </Flex>
      ))}
      <Flex gap={4} style={{ margin: "8px 0" }}>
        <Select size="small" disabled={locked} aria-label={t("when")} style={{ width: 120 }} value={free.includes(key) ? key : free[0]} options={free.map((one) => ({ value: one, label: one }))} onChange={setKeyName} />
        <Select
          size="small"
          showSearch
          disabled={locked}
          aria-label={t("to")}
          placeholder={t("addTransition")}
          style={{ flex: 1, minWidth: 0 }}
          value={null}
          options={targets}
          onChange={(to: string | null) => to && onEdit((text) => connect(text, id, free.includes(key) ? key : (free[0] ?? "any"), to))}
        />
      </Flex>
      <Flex gap={6} wrap>
        <Button size="small" onClick={() => onShow(path)}>
          {t("showText")}
        </Button>
        {flow.start !== id && (
          <Button size="small" disabled={locked} onClick={() => onEdit((text) => set(text, ["flow", "start"], id))}>
            {t("makeStart")}
          </Button>
        )}
        <Button size="small" danger disabled={locked} onClick={() => onEdit((text) => deleteNode(text, id)) && onSelect(null)}>
          {t("delete")}
        </Button>
      </Flex>
    </Form>
  );
}

function EntryFields({ entry, selected, locked, onEdit, onSelect, onShow }: Props & { entry: Entry }) {
  const t = useWords();
  const path: Path = [selected.kind, entry.index];
  const said = selected.kind === "kb" ? "answers" : "say";
  const phrases = (next: string) => {
    const wanted = next.split("\n").map((one) => one.trim()).filter(Boolean);
    onEdit((text) => set(text, [...path, "phrases"], wanted));
  };
  return (
    <Form layout="vertical" size="small" component="div">
      <Typography.Text className="mono" type="secondary">
        {entry.id} {entry.role}
      </Typography.Text>
      {selected.kind === "kb" && <Field id="entry-title" label={t("question")} value={entry.title} locked={locked} onDone={(next) => onEdit((text) => setKey(text, [...path, "title"], next))} />}
      <Wordings path={[...path, said]} label={selected.kind === "kb" ? t("answer") : t("say")} wordings={entry.answers} locked={locked} onEdit={onEdit} />
      <Field id="entry-phrases" label={t("phrases")} value={entry.phrases.join("\n")} rows={4} max={20_000} locked={locked} onDone={phrases} />
      <Flex gap={6} wrap>
        <Button size="small" onClick={() => onShow(path)}>
          {t("showText")}
        </Button>
        <Button size="small" danger disabled={locked} onClick={() => onEdit((text) => remove(text, path)) && onSelect(null)}>
          {t("delete")}
        </Button>
      </Flex>
    </Form>
  );
}
