import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { PersonName } from './names.tsx';

/** Somebody by their whole name, of whom only the short one is known here. For a few: each is asked for by itself. */
export function CalledPerson({ name }: { readonly name: string }): ReactNode {
  const { data } = useQuery({ ...asked('people.show', { params: { person: name } }), staleTime: 60_000 });
  return <PersonName name={name} title={data?.fullName} />;
}
