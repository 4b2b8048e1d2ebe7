// An open question that somebody brought from the results: its entry and test are in the text, the answer is still to be written.
import { Alert, Typography } from "antd";
import { useEffect, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { api, data, queries } from "@/api/client";
import { addAnswer, view } from "./doc/flow";
import type { Plain } from "./doc/scalars";
import { useWords } from "./words";

/** How the page of questions opens the studio: state of the address. */
export interface BroughtState {
  brought: { ids: number[]; sentence: string; times: number; kb: Record<string, Plain>[]; tests: Record<string, Plain>[]; yaml: string };
}

interface Wishes {
  locked: boolean;
  edit: (change: (whole: string) => string) => boolean;
  onPlaced: (entry: number) => void;
}

/** Puts it in once the editor is there, and tells the server when a save holds it. */
export function useBrought({ locked, edit, onPlaced }: Wishes) {
  const { state, pathname } = useLocation() as { state: BroughtState | null; pathname: string };
  const go = useNavigate();
  const brought = useRef(state?.brought ?? null).current;
  const [placed, setPlaced] = useState<string | null>(null); // id of the entry; "" = it could not be put in
  useEffect(() => {
    if (!brought || locked) return;
    let id = "";
    let at = 0;
    const done = edit((whole) => {
      at = view(whole).kb.length;
      const added = addAnswer(whole, brought.kb, brought.tests);
      id = added.id;
      return added.text;
    });
    setPlaced(done ? id : "");
    if (done) onPlaced(at);
    void go(pathname, { replace: true, state: null }); // a reload must not put it in again
  }, []); // eslint-disable-line
  const settled = useRef(false);
  const saved = async (text: string) => {
    if (settled.current || !brought || !placed || !view(text).kb.some((entry) => entry.id === placed)) return;
    settled.current = true; // once: later saves must not undo what others made of the question meanwhile
    try {
      await data(api.POST("/api/v1/unanswered/settle", { body: { ids: brought.ids, state: "drafted" } }));
    } catch (error) {
      settled.current = false;
      throw error;
    }
    void queries.invalidateQueries({ queryKey: ["unanswered"] });
  };
  return { brought, placed, saved };
}

export function Brought({ brought, placed }: Pick<ReturnType<typeof useBrought>, "brought" | "placed">) {
  const t = useWords();
  const [open, setOpen] = useState(true);
  if (!brought || placed === null || !open) return null;
  return (
    <Alert
      type={placed ? "info" : "warning"}
      showIcon
      closable={{ onClose: () => setOpen(false) }}
      style={{ marginBottom: 8 }}
      title={
        <>
          {t("brought", { sentence: brought.sentence, n: brought.times })} {placed && t("broughtHow", { id: placed })}
        </>
      }
      description={
        !placed && (
          <>
            {t("broughtByHand")}
            <Typography.Paragraph copyable={{ text: brought.yaml }} style={{ margin: 0 }}>
              <pre className="mono" style={{ maxHeight: 200, overflow: "auto", margin: 0 }}>
                {brought.yaml}
              </pre>
            </Typography.Paragraph>
          </>
        )
      }
    />
  );
}
