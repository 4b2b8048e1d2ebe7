// What went wrong, in the viewer's language where we have words for its code, else as the server says it.
import { Alert, Typography } from "antd";
import { useCallback } from "react";
import { Problem } from "@/api/client";
import { language, words } from "@/words";

const CODES: Record<string, { en: string; zh: string }> = {
  unreachable: { en: "The server cannot be reached", zh: "无法连接服务器" },
  forbidden: { en: "You may not do this", zh: "您没有执行此操作的权限" },
  absent: { en: "It is not there (any more)", zh: "对象不存在或已被删除" },
  fault: { en: "A fault of the server; it is in its log", zh: "服务器内部错误，已写入日志" },
  store: { en: "The database cannot be reached just now", zh: "暂时无法访问数据库" },
  "too-large": { en: "The file or request is too large", zh: "文件或请求过大" },
  "too-many": { en: "Too many requests; try again in a moment", zh: "请求过于频繁，请稍后再试" },
};

/** Further words, by the feature whose codes they are. */
export function addProblemWords(more: Record<string, { en: string; zh: string }>): void {
  Object.assign(CODES, more);
}

const useWords = words("problems", {
  en: { line: "line {{line}}" },
  zh: { line: "第 {{line}} 行" },
});

export function useProblemWords(): (error: unknown) => string {
  useWords();
  return useCallback((error: unknown) => {
    if (!(error instanceof Problem)) return String(error);
    return CODES[error.code]?.[language()] ?? error.detail;
  }, []);
}

export function ProblemAlert({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const say = useProblemWords();
  const t = useWords();
  if (!error) return null;
  const problem = error instanceof Problem ? error : null;
  return (
    <Alert
      type="error"
      showIcon
      style={{ marginBottom: 12 }}
      title={say(error)}
      description={
        problem && (problem.hint || problem.problems.length > 0) ? (
          <>
            {problem.hint && <div>{problem.hint}</div>}
            {problem.problems.length > 0 && (
              <ul style={{ margin: 0, paddingInlineStart: 18 }}>
                {problem.problems.slice(0, 20).map((each, at) => (
                  <li key={at}>
                    {each.field && <Typography.Text code>{each.field}</Typography.Text>} {each.line > 0 && t("line", { line: each.line })}{" "}
                    {CODES[each.code]?.[language()] ?? each.message} {each.hint && <Typography.Text type="secondary">{each.hint}</Typography.Text>}
                  </li>
                ))}
              </ul>
            )}
          </>
        ) : undefined
      }
      action={onRetry ? <a onClick={onRetry}>↻</a> : undefined}
    />
  );
}
