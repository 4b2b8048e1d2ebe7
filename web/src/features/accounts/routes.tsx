import type { PageOf } from "@/app/features";

export const accounts: PageOf[] = [];
