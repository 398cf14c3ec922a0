import { useQuery } from '@tanstack/react-query';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';

/** The machines that my teams own, with the team that answers for each. */
export function useMyMachines(): readonly { readonly machine: string; readonly team: string }[] {
  const { principal } = useMe();
  const teams = useQuery({ ...asked('teams.list'), staleTime: 60_000 });
  return (teams.data?.items ?? [])
    .filter(({ name }) => principal.teams.includes(name))
    .flatMap(({ name, machines }) => machines.map((machine) => ({ machine, team: name })));
}
