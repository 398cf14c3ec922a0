import type { LinkProps } from '@tanstack/react-router';
import {
  Blocks,
  Boxes,
  CalendarClock,
  Database,
  Globe,
  House,
  Inbox,
  KeyRound,
  type LucideIcon,
  Scale,
  ScrollText,
  SquareTerminal,
  User,
  Users,
} from 'lucide-react';
import type { Messages } from '../messages/en/index.ts';

export interface Place {
  readonly name: keyof Messages['shell']['nav'];
  readonly to: NonNullable<LinkProps['to']>;
  readonly icon: LucideIcon;
  /** Pressed after `g`. */
  readonly key: string;
}

/** The places of the console, in the order of the navigation. */
export const PLACES: readonly { readonly group: keyof Messages['shell']['groups']; readonly places: readonly Place[] }[] = [
  {
    group: 'work',
    places: [
      { name: 'home', to: '/', icon: House, key: 'h' },
      { name: 'actions', to: '/actions', icon: SquareTerminal, key: 'a' },
      { name: 'requests', to: '/requests', icon: Inbox, key: 'r' },
      { name: 'postgres', to: '/postgres', icon: Database, key: 'd' },
    ],
  },
  {
    group: 'company',
    places: [
      { name: 'environments', to: '/environments', icon: Globe, key: 'e' },
      { name: 'services', to: '/services', icon: Boxes, key: 's' },
      { name: 'teams', to: '/teams', icon: Users, key: 't' },
      { name: 'people', to: '/people', icon: User, key: 'p' },
    ],
  },
  {
    group: 'control',
    places: [
      { name: 'policy', to: '/policy', icon: Scale, key: 'y' },
      { name: 'audit', to: '/audit', icon: ScrollText, key: 'l' },
      { name: 'providers', to: '/providers', icon: Blocks, key: 'o' },
      { name: 'schedules', to: '/schedules', icon: CalendarClock, key: 'c' },
      { name: 'access', to: '/access', icon: KeyRound, key: 'k' },
    ],
  },
];
