import { hostname } from 'node:os';

/** The name of this machine, as a gateway takes it: one line of what can be seen. */
export function hostName(): string {
  const name = hostname()
    .replace(/[^\p{L}\p{N}\p{P}\p{S}]+/gu, '-')
    .slice(0, 60);
  return name === '' ? 'a machine' : name;
}

/** How this command is called in the list of a person's sessions. */
export const clientName = (): string => `guichet on ${hostName()}`;
