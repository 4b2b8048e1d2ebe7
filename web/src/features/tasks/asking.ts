// Asking a task to move: start, pause, ... with a confirmation where it matters, and the reason where one is needed.
import { App, Input } from "antd";
import { useMutation } from "@tanstack/react-query";
import { createElement, useRef } from "react";
import { api, data, type Problem, queries } from "@/api/client";
import { useMay } from "@/app/viewer";
import { words } from "@/words";
import { ACTIONS, say } from "./words";

export type Action = "submit" | "approve" | "reject" | "schedule" | "unschedule" | "start" | "pause" | "resume" | "cancel";

export const NEEDS: Record<Action, string> = {
  submit: "tasks.write", approve: "tasks.approve", reject: "tasks.approve", schedule: "tasks.run", unschedule: "tasks.run", start: "tasks.run",
  pause: "tasks.run", resume: "tasks.run", cancel: "tasks.run",
};

const useWords = words("asking", {
  en: {
    start: "Start {{name}}?", startWhat: "Its queue is filled from the list, and workers begin to call. Every call is still decided by the rules.",
    cancel: "End {{name}} for good?", cancelWhat: "Calls under way go on to their end; nobody else is called. A task that was ended cannot be started again.",
    reject: "Send {{name}} back?", why: "Why", done: "{{name}}: {{what}}",
  },
  zh: {
    start: "启动 {{name}}？", startWhat: "将按名单填充队列并开始外呼。每一通电话仍须通过合规判定。",
    cancel: "终止 {{name}}？", cancelWhat: "进行中的通话会继续到结束，不再呼叫其他人。终止后不能再次启动。",
    reject: "驳回 {{name}}？", why: "原因", done: "{{name}}：{{what}}",
  },
});

interface Asked {
  id: number;
  name: string;
  possible: string[];
}

export function useAsking() {
  const t = useWords();
  const may = useMay();
  const { modal, message } = App.useApp();
  const why = useRef("");
  const asking = useMutation<unknown, Problem, { task: Asked; action: Action; why: string }>({
    mutationFn: ({ task, action, why }) =>
      data(api.POST(`/api/v1/tasks/{task}/${action}` as "/api/v1/tasks/{task}/start", { params: { path: { task: task.id } }, body: { why } })),
    onSuccess: (_, { task, action }) => message.success(t("done", { name: task.name, what: say(ACTIONS, action) })),
    onSettled: () => queries.invalidateQueries({ queryKey: ["tasks"] }),
  });
  const can = (task: Asked, action: Action) => task.possible.includes(action) && may(NEEDS[action]);
  const ask = (task: Asked, action: Action) => {
    if (!can(task, action)) return;
    why.current = "";
    const run = () => asking.mutateAsync({ task, action, why: why.current }).catch(() => undefined); // told by the frame
    const field = createElement(Input, {
      placeholder: t("why"), "aria-label": t("why"), maxLength: 300, autoFocus: true,
      onChange: (event: { target: { value: string } }) => (why.current = event.target.value),
    });
    if (action === "start") modal.confirm({ title: t("start", { name: task.name }), content: t("startWhat"), okText: say(ACTIONS, action), onOk: run });
    else if (action === "reject") modal.confirm({ title: t("reject", { name: task.name }), content: field, okText: say(ACTIONS, action), onOk: run });
    else if (action === "cancel")
      modal.confirm({
        title: t("cancel", { name: task.name }), okText: say(ACTIONS, action), okButtonProps: { danger: true }, onOk: run,
        content: createElement("div", null, createElement("p", null, t("cancelWhat")), field),
      });
    else void run(); // pausing never waits for a question
  };
  return { ask, can, busy: asking.isPending ? asking.variables.task.id : null };
}
