import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';

export interface Owned {
  readonly owner: string;
  /** `the table 'public.orders'` */
  readonly owned: string;
  /** The statement that gives it to another role, up to the name of that: `ALTER TABLE public.orders OWNER TO`. */
  readonly giveAway: string;
  /** A grant that would do without membership, up to the name of whom it is for. */
  readonly instead?: string;
}

const OWNER =
  'select quote_ident($1) as owner, quote_ident($2) as admin, (select rolsuper from pg_roles where rolname = $1) as superuser';

/**
 * The admin login is no member of an owner: with the GRANT that makes it one. Never of a superuser, for it would be one
 * itself. Rejects with an InstanceError.
 */
export async function notMember(instance: Instance, { owner, owned, giveAway, instead }: Owned): Promise<InstanceError> {
  const { user } = instance.admin;
  const [role] = await instance.observer.query<{ owner: string; admin: string; superuser: boolean | null }>(OWNER, [owner, user]);
  const other = instead === undefined ? '' : ` Or: ${instead} ${role?.admin};`;
  if (role?.superuser === true) {
    return new InstanceError(
      `The owner of ${owned}, '${owner}', is a superuser, and the admin login '${user}' must not be a member of one.`,
      {
        remedy: `A superuser must give it to a role of its own: ${giveAway} ROLE; and GRANT ROLE TO ${role.admin};${other}`,
        passing: false,
      },
    );
  }
  return new InstanceError(`The admin login '${user}' is not a member of '${owner}', who owns ${owned}.`, {
    remedy: `A superuser must run there: GRANT ${role?.owner} TO ${role?.admin};${other}`,
    passing: false,
  });
}
