import type { PageOf } from "@/app/features";

export const compliance: PageOf[] = [];
