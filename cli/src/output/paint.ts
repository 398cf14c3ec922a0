import picocolors from 'picocolors';
import type { Context, OutputStream } from '../context.ts';

export type Paint = ReturnType<typeof picocolors.createColors>;

/** Colours for a stream: on a terminal that has them, unless --no-color or NO_COLOR says otherwise. */
export function paintFor(stream: OutputStream, { env }: Pick<Context, 'env'>, wanted: boolean): Paint {
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0';
  const able = (stream.isTTY === true && env['TERM'] !== 'dumb') || forced;
  return picocolors.createColors(wanted && able && !env['NO_COLOR']);
}

export const PLAIN: Paint = picocolors.createColors(false);
