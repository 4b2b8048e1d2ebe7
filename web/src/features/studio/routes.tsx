import type { PageOf } from "@/app/features";

export const studio: PageOf[] = [];
