import type { ReactNode } from 'react';
import { Badge, type Tone } from '../../ui/badge.tsx';

/** A company calls them as it likes; those that Backstage proposes have colours. */
const TONES: ReadonlyMap<string, Tone> = new Map([
  ['production', 'good'],
  ['experimental', 'info'],
  ['deprecated', 'warn'],
]);

export function Lifecycle({ name }: { readonly name: string | null }): ReactNode {
  return name !== null && <Badge tone={TONES.get(name.toLowerCase()) ?? 'neutral'}>{name}</Badge>;
}
