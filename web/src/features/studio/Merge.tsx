// Somebody else saved the draft meanwhile: the text both began with, mine and theirs, side by side; what only one of us changed is taken by itself.
import { Button, Flex, Modal, Segmented, Skeleton, Tag, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { api, data } from "@/api/client";
import type { components } from "@/api/schema";
import { ProblemAlert } from "@/ui/problems";
import { When } from "@/ui/When";
import { merge, merged, type Piece, type Side, usual } from "./doc/merge";
import { useWords } from "./words";

type Draft = components["schemas"]["ScriptDraftView"];
const AROUND = 2; // unchanged lines that are shown before and after a change

/** base: the text both began with. onTake: what came of it, and the draft it now rests on. */
export function Merge({ script, base, mine, onTake, onClose }: { script: string; base: string; mine: string; onTake: (text: string, theirs: Draft) => void; onClose: () => void }) {
  const t = useWords();
  const found = useQuery({
    queryKey: ["script-theirs", script],
    queryFn: () => data(api.GET("/api/v1/scripts/{script}/draft", { params: { path: { script } } })),
    gcTime: 0,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  const [chosen, setChosen] = useState<Record<number, Side>>({});
  const theirs = found.data;
  const pieces = useMemo(() => (theirs ? merge(base, mine, theirs.text) : []), [base, mine, theirs]);
  const whole = merged(pieces, chosen);
  const open = pieces.filter((piece, n) => (chosen[n] ?? usual(piece)) === null).length;
  const all = (side: Side) => setChosen(Object.fromEntries(pieces.flatMap((piece, n) => (piece.kind === "same" ? [] : [[n, side]]))));
  return (
    <Modal
      open
      width="min(1400px, 96vw)"
      title={t("merge")}
      onCancel={onClose}
      footer={
        <Flex justify="space-between" gap={8} wrap>
          <Flex gap={8}>
            <Button onClick={() => all("mine")}>{t("allMine")}</Button>
            <Button onClick={() => all("theirs")}>{t("allTheirs")}</Button>
          </Flex>
          <Flex gap={8} align="center">
            <span aria-live="polite">{open > 0 ? t("toChoose", { n: open }) : t("nothingToChoose")}</span>
            <Button onClick={onClose}>{t("cancel")}</Button>
            <Button type="primary" disabled={whole === null || !theirs} onClick={() => whole !== null && theirs && onTake(whole, theirs)}>
              {t("takeMerged")}
            </Button>
          </Flex>
        </Flex>
      }
    >
      <ProblemAlert error={found.error} onRetry={() => void found.refetch()} />
      {found.isPending && <Skeleton active />}
      {theirs && (
        <Flex vertical gap={8}>
          <Typography.Text type="secondary">
            {t("mergeHow")} {t("theirsBy", { who: theirs.updated_by })} <When at={theirs.updated_at} />
          </Typography.Text>
          <div className="merge" role="region" aria-label={t("merge")} tabIndex={0}>
            <div className="merge-head">
              <b>{t("base")}</b>
              <b>{t("mineColumn")}</b>
              <b>{t("theirsColumn")}</b>
            </div>
            {pieces.map((piece, n) =>
              piece.kind === "same" ? (
                <Unchanged key={n} lines={piece.base} first={n === 0} last={n === pieces.length - 1} />
              ) : (
                <Change key={n} piece={piece} side={chosen[n] ?? usual(piece)} onChoose={(side) => setChosen({ ...chosen, [n]: side })} />
              ),
            )}
          </div>
        </Flex>
      )}
    </Modal>
  );
}

function Unchanged({ lines, first, last }: { lines: string[]; first: boolean; last: boolean }) {
  const t = useWords();
  const before = first ? [] : lines.slice(0, AROUND);
  const after = last ? [] : lines.slice(Math.max(before.length, lines.length - AROUND));
  const left = lines.length - before.length - after.length;
  return (
    <div className="merge-same">
      <pre>{before.join("\n")}</pre>
      {left > 0 && <Typography.Text type="secondary">{t("unchanged", { n: left })}</Typography.Text>}
      <pre>{after.join("\n")}</pre>
    </div>
  );
}

function Change({ piece, side, onChoose }: { piece: Piece; side: Side | null; onChoose: (side: Side) => void }) {
  const t = useWords();
  const sides: Side[] = piece.kind === "conflict" ? ["mine", "theirs", "both", "base"] : ["mine", "theirs"];
  const words = { mine: t("mineColumn"), theirs: t("theirsColumn"), both: t("bothSides"), base: t("base") };
  const column = (lines: string[], taken: boolean) => <pre className={taken ? "taken" : ""}>{lines.length > 0 ? lines.join("\n") : "∅"}</pre>;
  return (
    <div className="merge-change">
      <Flex gap={8} align="center" wrap className="merge-bar">
        <Tag color={piece.kind === "conflict" ? "warning" : "default"}>{t(`merge.${piece.kind}` as "merge.mine")}</Tag>
        {piece.kind !== "agreed" && (
          <Segmented size="small" aria-label={t("choose3")} value={side ?? ""} onChange={(value) => onChoose(value as Side)} options={sides.map((value) => ({ value, label: words[value] }))} />
        )}
      </Flex>
      {column(piece.base, side === "base")}
      {column(piece.mine, side === "mine" || side === "both")}
      {column(piece.theirs, side === "theirs" || side === "both")}
    </div>
  );
}
