// A moment in the viewer's zone, exact on hover.
import { Tooltip } from "antd";
import dayjs from "dayjs";
import relativeTime from "dayjs/plugin/relativeTime";

dayjs.extend(relativeTime);

export function When({ at, relative = false }: { at: string | null | undefined; relative?: boolean }) {
  if (!at) return <>—</>;
  const moment = dayjs(at);
  return (
    <Tooltip title={moment.format("YYYY-MM-DD HH:mm:ss Z")}>
      <time dateTime={at} className="numeric">
        {relative ? moment.fromNow() : moment.format("YYYY-MM-DD HH:mm")}
      </time>
    </Tooltip>
  );
}

/** 83 s -> 1:23 */
export function Duration({ ms }: { ms: number | null | undefined }) {
  if (ms === null || ms === undefined) return <>—</>;
  const seconds = Math.round(ms / 1000);
  return <span className="numeric">{`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`}</span>;
}
