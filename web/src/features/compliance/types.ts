import type { components } from "@/api/schema";

type S = components["schemas"];
export type FreezeRow = S["FreezeRow"];
export type SuspectRow = S["SuspectRow"];
export type RecordRow = S["RecordRow"];
export type RecordTold = S["RecordTold"];
export type ConsentRow = S["ConsentRow"];
export type ComplaintRow = S["ComplaintRow"];
export type ComplaintTold = S["ComplaintTold"];
export type NumberHealthRow = S["NumberHealthRow"];
export type PackView = S["PackView"];
export type ExplainedRule = S["ExplainedRule"];
export type SubjectEvent = S["SubjectEvent"];
export type JobView = S["JobView"];
