import { GuichetError, type Resource } from '@guichet/contract';
import type { Company } from '../catalog/index.ts';

/** Whose a resource is: what policy and approvers rest on. */
export interface Place {
  readonly owner: string;
  readonly service?: string;
}

/**
 * Whose the resource of a plan is. Throws `provider.protocol` for a service that the company does not have: a rule about the
 * service that was meant would never apply.
 */
export function placeOf({ service: name, owner }: Resource, { team, company }: { team: string; company: Company }): Place {
  if (name === undefined) return { owner: owner ?? team };
  const service = company.service(name);
  if (service === undefined)
    throw new GuichetError(
      'provider.protocol',
      `The plan says that it is of service '${name}', which the company does not have.`,
      {
        remedy: `Add '${name}' to the services of the company, or mend the provider of team '${team}'.`,
      },
    );
  return { owner: owner ?? service.team, service: name };
}
