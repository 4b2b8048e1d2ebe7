// Why an own number was slowed down or rested, or should be: the server says it in English (number_health.py), with the time before it.
import { language } from "@/words";
import { When } from "./When";

const SIGNS: Record<string, string> = { "short calls": "短通话", refused: "拒接", "blocked by the carrier": "被运营商拦截" };
const STAMP = /^\d\S*T\S+(?= )/;

/** In the viewer's language, without the time; what somebody wrote by hand stays as it is. */
export function numberReason(told: string): string {
  const reason = told.replace(STAMP, "").trim();
  if (language() === "en") return reason;
  const complaints = /^(\d+) complaints in (\d+) calls$/.exec(reason);
  if (complaints) return `${complaints[2]} 通中有 ${complaints[1]} 起投诉`;
  const [, sign, hits, of] = /^([a-z ]+): (\d+) of (\d+)$/.exec(reason) ?? [];
  return sign && SIGNS[sign] ? `${SIGNS[sign]}：${of} 通中 ${hits} 通` : reason;
}

/** The same, with the time it was so. */
export function NumberReason({ told }: { told: string }) {
  const since = STAMP.exec(told)?.[0];
  return (
    <>
      {since && <When at={since} />} {numberReason(told)}
    </>
  );
}
