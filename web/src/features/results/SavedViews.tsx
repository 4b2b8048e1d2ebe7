// Views of this browser: a name for the filters that are on. The address itself can be shared.
import { DeleteOutlined, StarOutlined } from "@ant-design/icons";
import { Button, Empty, Flex, Input, Popover } from "antd";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { useWords } from "./words";

const KEPT = "callwright.calls.views";
type View = { name: string; address: string };

function kept(): View[] {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "[]") as unknown;
    return Array.isArray(found) ? (found as View[]) : [];
  } catch {
    return [];
  }
}

export function SavedViews() {
  const t = useWords();
  const [address, setAddress] = useSearchParams();
  const [views, setViews] = useState(kept);
  const [name, setName] = useState("");
  const keep = (next: View[]) => {
    setViews(next);
    localStorage.setItem(KEPT, JSON.stringify(next));
  };
  const save = () => {
    if (!name.trim()) return;
    const clean = new URLSearchParams(address);
    clean.delete("subject"); // whose calls were looked at does not stay in a browser
    keep([...views.filter((view) => view.name !== name.trim()), { name: name.trim(), address: clean.toString() }]);
    setName("");
  };
  return (
    <Popover
      trigger="click"
      title={t("views")}
      content={
        <Flex vertical gap={6} style={{ width: 260 }}>
          {views.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={false} />}
          {views.map((view) => (
            <Flex key={view.name} gap={4}>
              <Button type="text" style={{ flex: 1, textAlign: "start" }} onClick={() => setAddress(new URLSearchParams(view.address))}>
                {view.name}
              </Button>
              <Button type="text" icon={<DeleteOutlined />} aria-label={`× ${view.name}`} onClick={() => keep(views.filter((one) => one.name !== view.name))} />
            </Flex>
          ))}
          <Flex gap={4}>
            <Input value={name} maxLength={40} placeholder={t("view_name")} aria-label={t("view_name")} onChange={(event) => setName(event.target.value)} onPressEnter={save} />
            <Button onClick={save} disabled={!name.trim()}>
              {t("save_view")}
            </Button>
          </Flex>
        </Flex>
      }
    >
      <Button icon={<StarOutlined />}>{t("views")}</Button>
    </Popover>
  );
}
