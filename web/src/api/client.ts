// The API as the console uses it: typed by the schema that the server describes itself with (`npm run types`).
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema";

export interface Detail {
  code: string;
  message: string;
  severity: string;
  file: string;
  line: number;
  column: number;
  field: string;
  hint: string;
  trace: string[];
}

/** What an answer other than success says (a problem document), or that the server cannot be reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly hint: string = "",
    readonly problems: Detail[] = [],
  ) {
    super(detail);
    this.name = "Problem";
  }
}

type Listener = () => void;
const onUnknownViewer = new Set<Listener>();

/** Called when the server no longer knows who we are. */
export function whenLoggedOut(listener: Listener): () => void {
  onUnknownViewer.add(listener);
  return () => onUnknownViewer.delete(listener);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = await response.clone().json();
    return new Problem(response.status, body.code ?? "http", body.detail ?? response.statusText, body.hint ?? "", body.problems ?? []);
  } catch {
    return new Problem(response.status, "http", response.statusText);
  }
}

const guard: Middleware = {
  onRequest({ request }) {
    request.headers.set("X-Callwright", "1"); // no form of a stranger's page can send it
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.status === 401 && problem.code === "unknown-viewer") onUnknownViewer.forEach((tell) => tell());
    throw problem;
  },
  onError({ error }) {
    return new Problem(0, "unreachable", String(error));
  },
};

export const api = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
api.use(guard);

/** The data of an answer; every other answer was thrown as a Problem. */
export async function data<D>(answer: Promise<{ data?: D }>): Promise<D> {
  return (await answer).data as D;
}

/** For what openapi-fetch does not do: files with progress. */
export function upload<D>(path: string, form: FormData, progress?: (part: number) => void): Promise<D> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("X-Callwright", "1");
    request.upload.onprogress = (event) => event.lengthComputable && progress?.(event.loaded / event.total);
    request.onerror = () => reject(new Problem(0, "unreachable", "the server cannot be reached"));
    request.onload = () => {
      const body = request.responseText ? JSON.parse(request.responseText) : undefined;
      if (request.status < 300) resolve(body as D);
      else reject(new Problem(request.status, body?.code ?? "http", body?.detail ?? request.statusText, body?.hint ?? "", body?.problems ?? []));
    };
    request.send(form);
  });
}

type Tell = (problem: Problem) => void;
let tell: Tell = () => undefined;

/** Where faults of changes are shown that no form shows itself (`meta: { quiet: true }` keeps one out). */
export function tellFaults(to: Tell): void {
  tell = to;
}

export const queries = new QueryClient({
  queryCache: new QueryCache(),
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      if (error instanceof Problem && error.status !== 401 && !mutation.meta?.["quiet"]) tell(error);
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => count < 2 && error instanceof Problem && (error.status === 0 || error.status === 503),
    },
  },
});
