import { openCursor, SettledReader } from '../../audit/index.ts';
import type { Database } from '../../db/index.ts';
import type { SinkSettings } from './config.ts';
import { otlpSink } from './otlp-sink.ts';
import { LEASE_SECONDS, PACE, type Pace, Sender } from './sender.ts';
import { webhookSink } from './webhook-sink.ts';

export { resolveSinks, type SinkSettings, SinksConfig } from './config.ts';
export { sinkLag } from './lag.ts';

export interface SinksOptions {
  readonly db: Database;
  readonly sinks: readonly SinkSettings[];
  /** Names this process among its replicas. */
  readonly holder: string;
  readonly onNews: (message: string) => void;
  readonly onTrouble: (message: string) => void;
  readonly pace?: Pace;
}

export const cursorOf = (sink: string): string => `sink:${sink}`;

/** Begins to send the audit log to each sink; returns what ends it. */
export async function startSinks({ db, sinks, holder, pace = PACE, ...tell }: SinksOptions): Promise<() => Promise<void>> {
  const senders = await Promise.all(
    sinks.map(async (settings) => {
      const { kind, name, batch, from } = settings;
      await openCursor(db, cursorOf(name), from);
      const reader = new SettledReader({ db, name: cursorOf(name), holder, leaseSeconds: LEASE_SECONDS });
      const sink = kind === 'otlp' ? await otlpSink(settings) : webhookSink(settings);
      return new Sender({ name, sink, reader, batch, pace, ...tell });
    }),
  );
  for (const sender of senders) sender.start();
  return async () => void (await Promise.all(senders.map((sender) => sender.stop())));
}
