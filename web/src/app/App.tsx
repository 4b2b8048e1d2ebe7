// The frame: theme, language, queries, and the pages by address.
import { App as AntApp, ConfigProvider, theme } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import dayjs from "dayjs";
import "dayjs/locale/zh-cn";
import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { createBrowserRouter, RouterProvider } from "react-router";
import { queries } from "@/api/client";
import { language } from "@/words";
import { PAGES } from "./features";
import { Frame } from "./Frame";
import { type Mode, ModeContext, STILL, usePrefersDark } from "./mode";
import { Lost, Outside } from "./Outside";
import { Allowed } from "./Allowed";
import { Faults } from "./Faults";
import "./app.css";

function router() {
  const inside = PAGES.filter((page) => !page.outside).map((page) => ({
    path: page.path,
    lazy: async () => {
      const { Component } = await page.load();
      return {
        Component: () => (
          <Allowed permission={page.permission}>
            <Component />
          </Allowed>
        ),
      };
    },
  }));
  const outside = PAGES.filter((page) => page.outside).map((page) => ({ path: page.path, lazy: page.load }));
  return createBrowserRouter([
    { element: <Outside />, HydrateFallback: () => null, children: outside },
    { element: <Frame />, HydrateFallback: () => null, children: [...inside, { path: "*", element: <Lost /> }] },
  ]);
}

export function App() {
  useTranslation(); // draws again when the language changes
  const [mode, setMode] = useState<Mode>(() => (localStorage.getItem("callwright.mode") as Mode | null) ?? "system");
  const systemDark = usePrefersDark();
  const dark = mode === "dark" || (mode === "system" && systemDark);
  const zh = language() === "zh";
  const routes = useMemo(router, []);
  useEffect(() => {
    document.documentElement.lang = zh ? "zh-CN" : "en";
    dayjs.locale(zh ? "zh-cn" : "en");
  }, [zh]);
  useEffect(() => {
    document.documentElement.classList.toggle("still", STILL);
  }, []);
  useEffect(() => {
    document.documentElement.style.colorScheme = dark ? "dark" : "light";
    localStorage.setItem("callwright.mode", mode);
  }, [dark, mode]);
  return (
    <ModeContext.Provider value={{ mode, setMode }}>
      <ConfigProvider
        locale={zh ? zhCN : enUS}
        button={{ autoInsertSpace: false }} // the words of a button are its name, for readers of screens too
        theme={{
          algorithm: dark ? [theme.darkAlgorithm, theme.compactAlgorithm] : theme.compactAlgorithm,
          cssVar: { key: "callwright" },
          token: {
            colorPrimary: dark ? "#3fb6b2" : "#0b6e6e",
            colorLink: dark ? "#5cc8c4" : "#0b6e6e",
            // text in these colours, also on their own pale grounds, is read at 4.5:1
            ...(dark ? { colorError: "#ff7875", colorInfo: "#6ea8fe" } : { colorError: "#cf1322", colorSuccess: "#237804", colorWarning: "#874d00", colorInfo: "#0958d9" }),
            colorTextDescription: dark ? "#a6a6a6" : "#5f5f5f",
            colorTextPlaceholder: dark ? "#8f8f8f" : "#707070",
            // grounds of what is chosen, pale enough to be read on
            colorPrimaryBg: dark ? "#123837" : "#e3f3f2",
            ...(dark ? {} : { colorSuccessBg: "#eaf6e3", colorWarningBg: "#fdf3dc", colorErrorBg: "#fdecea", colorInfoBg: "#e8f1fd" }),
            controlItemBgActive: dark ? "#16403f" : "#dcefee",
            controlItemBgActiveHover: dark ? "#1a4a49" : "#d0e9e7",
            fontSize: 14,
            motion: !STILL, // the style sheet alone would leave a list that opens where it was measured, out of sight
            borderRadius: 6,
          },
          components: {
            Layout: { bodyBg: dark ? "#101314" : "#ffffff", headerBg: dark ? "#101314" : "#ffffff", siderBg: "transparent", lightSiderBg: "transparent" },
            Descriptions: { labelColor: dark ? "#a6a6a6" : "#5f5f5f" },
            Button: { primaryColor: dark ? "#06201f" : "#ffffff" },
            Menu: { itemSelectedBg: dark ? "#16403f" : "#dcefee", itemSelectedColor: dark ? "#7fdcd8" : "#085858", itemBg: "transparent" },
          },
        }}
      >
        <AntApp>
          <QueryClientProvider client={queries}>
            <Faults />
            <RouterProvider router={routes} />
          </QueryClientProvider>
        </AntApp>
      </ConfigProvider>
    </ModeContext.Provider>
  );
}
