// Live views: server-sent events, taken up again where they broke off.
import { useEffect, useRef, useState } from "react";

export type Link = "connecting" | "open" | "broken";

/** Listen to `path` as long as the component is there. on: event name -> what to do with its data (parsed JSON). */
export function useEvents(path: string | null, on: Record<string, (data: never) => void>): Link {
  const [link, setLink] = useState<Link>("connecting");
  const handlers = useRef(on);
  handlers.current = on;
  useEffect(() => {
    if (path === null) return;
    const source = new EventSource(path);
    source.onopen = () => setLink("open");
    source.onerror = () => setLink("broken"); // the browser tries again by itself
    const names = Object.keys(handlers.current);
    for (const name of names) {
      source.addEventListener(name, (event) => handlers.current[name]?.(JSON.parse((event as MessageEvent<string>).data) as never));
    }
    return () => source.close();
  }, [path]);
  return link;
}
