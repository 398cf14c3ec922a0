import pg from 'pg';
import { InstanceError } from '../instance-error.ts';

/** Why a cluster could not be copied, in words; undefined when it is something else. */
export function copyFailure(cause: unknown, source: string, folder: string): InstanceError | undefined {
  const failure = (message: string, remedy: string) => new InstanceError(message, { remedy, passing: false, cause });
  if (cause instanceof pg.DatabaseError) {
    const { message } = cause;
    const file = /^could not (?:open|read|stat) (?:file|directory)(?: or directory)? ("[^"]*")/.exec(message)?.[1];
    if (file !== undefined) {
      return failure(
        `The server of '${source}' cannot read ${file} in its data directory, which a copy takes as a whole.`,
        'Let the account that runs the server read it, or move it out of the data directory.',
      );
    }
    if (cause.code === 'XX001' || /checksum verification failure/.test(message)) {
      return failure(
        `Pages of '${source}' are damaged: their checksums are wrong.`,
        'Its log names the files. Look after the source before anything else: a replica would be damaged as well.',
      );
    }
  }
  if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')) {
    return failure(
      `There was no room left for the copy of '${source}' in ${folder}.`,
      'Make room there, or choose another replicas.folder in the configuration of the provider.',
    );
  }
  return undefined;
}
