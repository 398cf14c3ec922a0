import { postSigned } from '../webhook.ts';
import type { SinkSettings } from './config.ts';
import type { Sink } from './sink.ts';

/** Posts `{ sink, events }`, signed as all webhooks are. */
export function webhookSink({ name, url, secret }: SinkSettings): Sink {
  return {
    deliver: (events, signal) =>
      postSigned({ url, secret, what: 'the receiver' }, { sink: name, events }, { now: new Date(), signal }),
  };
}
