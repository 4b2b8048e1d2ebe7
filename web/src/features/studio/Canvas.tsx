// The flow as a graph. Whatever is done here is a change of the text; positions live in this browser, never in the script.
import { PlusOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Select, Tag, theme } from "antd";
import { Background, Controls, type Connection, Handle, MarkerType, MiniMap, type Node, type NodeProps, Panel, Position, ReactFlow, useNodesState } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { memo, useEffect, useMemo, useState } from "react";
import { useMode } from "@/app/mode";
import { connect, type Edge, type Entry, type FlowNode, NEXT_KEYS, type Script } from "./doc/flow";
import { layout, type Point } from "./doc/layout";
import { useWords } from "./words";

export type Selected = { kind: "node" | "kb" | "globals"; id: string } | null;

interface Props {
  script: string;
  flow: Script;
  wrong: Set<string>;
  now: string | null;
  selected: Selected;
  locked: boolean;
  onSelect: (selected: Selected) => void;
  onEdit: (change: (text: string) => string) => void;
  onAdd: () => void;
  onAddQuestion: () => void;
}

type Box = Node<{ node: FlowNode; start: boolean; wrong: boolean; now: boolean; word: string }, "box">;

const Shown = memo(function Shown({ data, selected }: NodeProps<Box>) {
  const { node } = data;
  return (
    <div className={`flow-node${selected ? " selected" : ""}${data.wrong ? " wrong" : ""}${data.now ? " now" : ""}`}>
      <Handle type="target" position={Position.Top} />
      <header>
        {data.start && <Tag color="processing">{data.word}</Tag>}
        <span className="name">{node.id}</span>
        {node.type !== "say" && <Tag>{node.type}</Tag>}
      </header>
      <p>{node.say[0] ?? (node.slot && `{${node.slot}}`)}</p>
      {node.end && (
        <p>
          <Tag color="default">■ {node.end}</Tag>
        </p>
      )}
      <Handle type="source" position={Position.Bottom} />
    </div>
  );
});
const KINDS = { box: Shown };

function places(script: string): Record<string, Point> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(`callwright.places.${script}`) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Record<string, Point>) : {};
  } catch {
    return {};
  }
}

function keep(script: string, next: Record<string, Point>): void {
  localStorage.setItem(`callwright.places.${script}`, JSON.stringify(next));
}

function EntryList({ title, entries, kind, selected, onSelect }: { title: string; entries: Entry[]; kind: "kb" | "globals"; selected: Selected; onSelect: (one: Selected) => void }) {
  return (
    <section aria-label={title}>
      <h3 style={{ fontSize: 13, margin: "6px 6px 4px" }}>
        {title} ({entries.length})
      </h3>
      {entries.map((entry) => (
        <button
          type="button"
          key={entry.index}
          className="entry"
          aria-pressed={selected?.kind === kind && selected.id === String(entry.index)}
          title={entry.answers[0]}
          onClick={() => onSelect({ kind, id: String(entry.index) })}
        >
          {entry.title || entry.id}
        </button>
      ))}
    </section>
  );
}

export default function Canvas({ script, flow, wrong, now, selected, locked, onSelect, onEdit, onAdd, onAddQuestion }: Props) {
  const t = useWords();
  const { token } = theme.useToken();
  const { mode } = useMode();
  const [key, setKey] = useState("affirm");
  const [kept, setKept] = useState(() => places(script));
  const at = useMemo(() => layout(flow.start, flow.nodes, flow.edges, kept), [flow, kept]);
  const [nodes, setNodes, onNodesChange] = useNodesState<Box>([]);
  useEffect(() => {
    setNodes(
      flow.nodes.map((node) => ({
        id: node.id,
        type: "box",
        position: at[node.id] ?? { x: 0, y: 0 },
        selected: selected?.kind === "node" && selected.id === node.id,
        data: { node, start: node.id === flow.start, wrong: wrong.has(node.id), now: node.id === now, word: t("start") },
        ariaLabel: node.id,
      })),
    );
  }, [flow, at, wrong, now, selected, setNodes]); // eslint-disable-line
  const edges = useMemo(() => {
    const known = new Set(flow.nodes.map((node) => node.id));
    const grouped = new Map<string, Edge[]>();
    for (const edge of flow.edges) if (known.has(edge.to)) grouped.set(`${edge.from} ${edge.to}`, [...(grouped.get(`${edge.from} ${edge.to}`) ?? []), edge]);
    return [...grouped.entries()].map(([id, group]) => ({
      id,
      source: group[0]!.from,
      target: group[0]!.to,
      label: group.map((edge) => edge.label).join(", ").slice(0, 60),
      style: group.every((edge) => ["silence", "unrecognised", "failed", "error"].includes(edge.label) || edge.kind === "then") ? { strokeDasharray: "5 4" } : {},
      labelStyle: { fill: token.colorText, fontSize: 11 },
      labelBgStyle: { fill: token.colorBgContainer },
      markerEnd: { type: MarkerType.ArrowClosed, color: token.colorTextTertiary },
    }));
  }, [flow, token]);
  const connected = (made: Connection) => {
    if (locked) return;
    const used = new Set(flow.edges.filter((edge) => edge.from === made.source).map((edge) => edge.label));
    const free = used.has(key) ? (NEXT_KEYS.find((one) => !used.has(one)) ?? key) : key;
    onEdit((text) => connect(text, made.source, free, made.target));
    onSelect({ kind: "node", id: made.source });
  };
  return (
    <div className="studio-canvas-grid">
      <div className="studio-list">
        <EntryList title={t("knowledge")} entries={flow.kb} kind="kb" selected={selected} onSelect={onSelect} />
        <Button size="small" type="dashed" block disabled={locked} icon={<PlusOutlined />} onClick={onAddQuestion}>
          {t("addQuestion")}
        </Button>
        <EntryList title={t("globals")} entries={[...flow.globals].sort((a, b) => b.priority - a.priority)} kind="globals" selected={selected} onSelect={onSelect} />
      </div>
      <ReactFlow<Box>
        nodes={nodes}
        edges={edges}
        nodeTypes={KINDS}
        onNodesChange={onNodesChange}
        onNodeClick={(_, node) => onSelect({ kind: "node", id: node.id })}
        onPaneClick={() => onSelect(null)}
        onConnect={connected}
        onNodeDragStop={(_, node) => {
          const next = { ...kept, [node.id]: { x: Math.round(node.position.x), y: Math.round(node.position.y) } };
          setKept(next);
          keep(script, next);
        }}
        colorMode={mode === "system" ? "system" : mode}
        deleteKeyCode={null}
        nodesConnectable={!locked}
        fitView
        fitViewOptions={{ minZoom: 0.6, maxZoom: 1 }}
        minZoom={0.15}
        aria-label={t("flowView")}
        proOptions={{ hideAttribution: true }}
      >
        <Background />
        <Controls showInteractive={false} />
        <MiniMap pannable zoomable style={{ width: 120, height: 80 }} />
        <Panel position="top-left">
          <Flex gap={6} align="center">
            <Button size="small" type="primary" disabled={locked} icon={<PlusOutlined />} onClick={onAdd}>
              {t("addNode")}
            </Button>
            <Select
              size="small"
              aria-label={t("when")}
              value={key}
              onChange={setKey}
              style={{ width: 130 }}
              options={NEXT_KEYS.map((one) => ({ value: one, label: one }))}
            />
            <Button
              size="small"
              onClick={() => {
                setKept({});
                keep(script, {});
              }}
            >
              {t("position")}
            </Button>
          </Flex>
          {flow.errors.length > 0 && <Alert style={{ marginTop: 6 }} type="warning" showIcon title={t("yamlFirst")} />}
        </Panel>
      </ReactFlow>
    </div>
  );
}
