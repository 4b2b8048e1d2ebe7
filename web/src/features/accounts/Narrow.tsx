// A page of strangers: one card in the middle, with the title of the window.
import { Card, Typography } from "antd";
import { type ReactNode, useEffect } from "react";
import "./problems";

export function Narrow({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · callwright`;
  }, [title]);
  return (
    <Card style={{ maxWidth: 440, margin: "6vh auto 0" }} styles={{ body: { padding: 28 } }}>
      <Typography.Text type="secondary" strong>
        callwright
      </Typography.Text>
      <Typography.Title level={1} style={{ fontSize: 22, margin: "4px 0 8px" }}>
        {title}
      </Typography.Title>
      {about && <Typography.Paragraph type="secondary">{about}</Typography.Paragraph>}
      {children}
    </Card>
  );
}
