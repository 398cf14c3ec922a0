import type { LucideIcon } from 'lucide-react';

export interface MenuEntry {
  readonly label: string;
  readonly icon?: LucideIcon;
  readonly onSelect: () => void;
  readonly tone?: 'bad';
  /** Of what is on or off. */
  readonly checked?: boolean;
}

/** One of several, under a heading. */
export interface MenuChoice {
  readonly choose: string;
  readonly from: readonly { readonly value: string; readonly label: string }[];
  readonly chosen: string;
  readonly onChoose: (value: string) => void;
}

export type Entry = MenuEntry | MenuChoice | 'line' | { readonly heading: string };
