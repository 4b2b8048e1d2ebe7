// One turn of a conversation with a script, and where the conversation stands: the same by keyboard and by microphone.
import { Descriptions, Tag, Typography } from "antd";
import { useWords } from "./words";

interface Said {
  text: string;
  source: string;
  speaking?: boolean;
  cut?: boolean;
}
export interface Decision {
  kind: string;
  data: Record<string, unknown>;
}
export interface TurnOf {
  said: Said[];
  acts: { kind: string; text: string }[];
  decisions: Decision[];
}

export function Turn({ caller, turn }: { caller: string | null; turn: TurnOf }) {
  const t = useWords();
  return (
    <>
      {caller !== null && <div className="talk-caller">{caller}</div>}
      {turn.said.map((one, n) => (
        <div className={one.speaking ? "talk-robot talk-now" : "talk-robot"} key={n} title={one.source}>
          {one.text}
          {one.cut && <Tag style={{ marginInlineStart: 6 }}>{t("cutOff")}</Tag>}
        </div>
      ))}
      {turn.acts.map((act, n) => (
        <Typography.Text type="secondary" key={n}>
          ⚙ {act.kind} {act.text}
        </Typography.Text>
      ))}
      {turn.decisions.length > 0 && (
        <details style={{ fontSize: 12, color: "var(--ant-color-text-description)" }}>
          <summary>{t("why")}</summary>
          <Why decisions={turn.decisions} />
        </details>
      )}
    </>
  );
}

interface StandOf {
  node: string;
  grade: string | null;
  grade_title: string;
  reason: string;
  slots: Record<string, unknown>;
  tags: string[];
}

export function Stand({ stand }: { stand: StandOf }) {
  const t = useWords();
  return (
    <Descriptions
      size="small"
      column={1}
      bordered
      items={[
        { key: "node", label: t("node"), children: <span className="mono">{stand.node}</span> },
        { key: "grade", label: t("grade"), children: stand.grade ? `${stand.grade} ${stand.grade_title}` : "—" },
        { key: "reason", label: t("reason"), children: stand.reason },
        { key: "slots", label: t("slots"), children: Object.entries(stand.slots).map(([name, value]) => <Tag key={name}>{`${name} = ${String(value)}`}</Tag>) },
        { key: "tags", label: t("tags"), children: stand.tags.map((tag) => <Tag key={tag}>{tag}</Tag>) },
      ]}
    />
  );
}

interface Candidate {
  type: string;
  id: string;
  source: string;
  score: number;
  why: string;
}

/** Readings of the sentence with their scores, the ranking with its runner-up, then what was done with them. */
function Why({ decisions }: { decisions: Decision[] }) {
  const t = useWords();
  return (
    <ul style={{ margin: 0, paddingInlineStart: 16 }}>
      {decisions.map((one, n) => {
        if (one.kind === "understood") {
          const found = (one.data["candidates"] as Candidate[] | undefined) ?? [];
          const ranking = (one.data["ranking"] as [string, number][] | undefined) ?? [];
          return (
            <li key={n}>
              {t("candidate")}: {found.length === 0 && "—"}
              {found.map((reading, m) => (
                <Tag key={m}>{`${reading.type}${reading.id ? `:${reading.id}` : ""} ${reading.score.toFixed(2)} · ${reading.source} “${reading.why}”`}</Tag>
              ))}
              {ranking.length > 0 && (
                <div>
                  {t("ranking")}: {ranking.map(([name, score]) => `${name} ${score.toFixed(2)}`).join(" > ")}
                </div>
              )}
            </li>
          );
        }
        const rest = Object.entries(one.data).filter(([key, value]) => key !== "step" && key !== "span" && value !== null && value !== "" && value !== false);
        return (
          <li key={n}>
            <b>{one.kind}</b> {rest.map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`).join(", ")}
          </li>
        );
      })}
    </ul>
  );
}
