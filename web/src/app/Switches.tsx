// Language and light, wherever one is.
import { MoonOutlined, SunOutlined, TranslationOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { language, speak, words } from "@/words";
import { useMode } from "./mode";

const useWords = words("switches", {
  en: { language: "Language", light: "Light", dark: "Dark", system: "As the system", mode: "Light or dark" },
  zh: { language: "语言", light: "浅色", dark: "深色", system: "跟随系统", mode: "浅色或深色" },
});

export function Switches() {
  const t = useWords();
  const { mode, setMode } = useMode();
  return (
    <>
      <Button
        type="text"
        icon={<TranslationOutlined />}
        title={t("language")}
        onClick={() => speak(language() === "zh" ? "en" : "zh")}
      >
        {language() === "zh" ? "English" : "中文"}
      </Button>
      <Dropdown
        menu={{
          items: (["light", "dark", "system"] as const).map((key) => ({ key, label: t(key) })),
          selectedKeys: [mode],
          selectable: true,
          onClick: ({ key }) => setMode(key as typeof mode),
        }}
      >
        <Button type="text" icon={mode === "dark" ? <MoonOutlined /> : <SunOutlined />} aria-label={t("mode")} />
      </Dropdown>
    </>
  );
}
