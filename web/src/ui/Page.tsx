// A page: its title (also of the window), what can be done on it, and its content.
import { Flex, Typography } from "antd";
import { type ReactNode, useEffect } from "react";

export function Page({ title, actions, extra, children }: { title: string; actions?: ReactNode; extra?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · callwright`;
  }, [title]);
  return (
    <>
      <Flex align="center" gap={12} className="page-head">
        <Typography.Title level={1}>{title}</Typography.Title>
        {extra}
        <span className="stretch" />
        {actions}
      </Flex>
      {children}
    </>
  );
}
