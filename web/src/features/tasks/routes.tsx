import type { PageOf } from "@/app/features";

export const tasks: PageOf[] = [];
