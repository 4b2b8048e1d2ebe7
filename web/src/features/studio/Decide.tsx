// Accept or reject recordings, with a note; a rejection says why.
import { Input, Modal } from "antd";
import { useState } from "react";
import { ProblemAlert } from "@/ui/problems";
import { useWords } from "./recordingWords";

export interface Deciding {
  recordings: number[];
  decision: "accepted" | "rejected";
  file: string;
}

interface Props {
  deciding: Deciding;
  busy: boolean;
  error: unknown;
  onCancel: () => void;
  onDecide: (note: string) => void;
}

export function Decide({ deciding, busy, error, onCancel, onDecide }: Props) {
  const t = useWords();
  const [note, setNote] = useState("");
  const rejects = deciding.decision === "rejected";
  const what = t(rejects ? "reject" : "accept");
  return (
    <Modal
      open
      title={`${what}: ${deciding.file || deciding.recordings.length}`}
      okText={what}
      cancelText={t("cancel")}
      okButtonProps={{ danger: rejects, disabled: rejects && note.trim() === "", loading: busy }}
      onCancel={onCancel}
      onOk={() => onDecide(note)}
    >
      <ProblemAlert error={error} />
      <label htmlFor="recording-note">{t(rejects ? "noteWhy" : "note")}</label>
      <Input.TextArea id="recording-note" autoFocus rows={3} maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />
    </Modal>
  );
}
