import { Lanes } from './lanes.ts';
import { Extensions, type Filing, type Requests, type RequestsOptions, UndoClock, Undos } from './requests/index.ts';
import { ScheduleClock, Schedules } from './schedules/index.ts';
import { Timekeeper } from './timekeeper.ts';
import { TunnelClock } from './tunnels/index.ts';

/** What gateways do by themselves when its time has come, beside runs: undos of what was for a while or is used no more, and schedules. */
export function clocks(filing: Filing, options: RequestsOptions & { onError: (error: unknown) => void }): Timekeeper {
  const undos = new UndoClock(filing, options, new Lanes(options));
  const schedules = new ScheduleClock(filing, options, new Lanes(options));
  return new Timekeeper({ ...options, clocks: [undos, schedules, new TunnelClock(options)] });
}

/** What files requests of its own: what undoes one, puts its end off, or files one again and again. */
export function filers({ filing, requests }: { filing: Filing; requests: Requests }, options: RequestsOptions) {
  return {
    undos: new Undos(requests, options),
    extensions: new Extensions({ requests, filing }, options),
    schedules: new Schedules(filing, options),
  };
}
