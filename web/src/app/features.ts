// The features of the console, in the order of the menu. A feature names its pages here and loads them when they are opened.
import type { ComponentType, ReactNode } from "react";
import { accounts } from "@/features/accounts/routes";
import { compliance } from "@/features/compliance/routes";
import { home } from "@/features/home/routes";
import { live } from "@/features/live/routes";
import { results } from "@/features/results/routes";
import { studio } from "@/features/studio/routes";
import { tasks } from "@/features/tasks/routes";

export interface PageOf {
  /** Address, as react-router writes it: `/tasks/:task`. */
  path: string;
  /** Loaded when it is opened; its module exports `Component`. */
  load: () => Promise<{ Component: ComponentType }>;
  /** Without it the page is neither in the menu nor opened. */
  permission?: string;
  /** In the menu: its words in both languages and its icon. */
  menu?: { en: string; zh: string; icon?: ReactNode; group?: string };
  /** Shown to people who are not logged in (set-up, login). */
  outside?: boolean;
}

export const FEATURES: PageOf[][] = [home, studio, tasks, live, results, compliance, accounts];
export const PAGES: PageOf[] = FEATURES.flat();
