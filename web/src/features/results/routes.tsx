import type { PageOf } from "@/app/features";

export const results: PageOf[] = [];
