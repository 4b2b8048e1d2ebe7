import type { PageOf } from "@/app/features";

export const live: PageOf[] = [];
