import { GuichetError } from '@guichet/contract';
import { z } from 'zod';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Field `tracing` of the configuration; OpenTelemetry's own variables go before it. */
export const TracingConfig = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('Where traces are sent, OTLP over HTTP: http://collector:4318/v1/traces'),
    sample: z.number().min(0).max(1).default(1).describe('The share of traces that begin here and are recorded'),
  })
  .optional();

/** Whether and how traces are recorded; undefined when they are not. */
export interface Tracing {
  /** Undefined when the library is to take it from OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. */
  readonly url: string | undefined;
  readonly sampler: (typeof SAMPLERS)[number];
  readonly ratio: number;
  /** Spans are sent this often, in ms. */
  readonly delayMs: number;
}

/**
 * Recorded when the file or OpenTelemetry's environment names a collector, and OTEL_SDK_DISABLED or
 * OTEL_TRACES_EXPORTER=none do not forbid it.
 */
export function resolveTracing(
  file: z.output<typeof TracingConfig>,
  env: Readonly<Record<string, string | undefined>>,
): Tracing | undefined {
  const of = (name: string): string => env[name]?.trim() ?? '';
  if (of('OTEL_SDK_DISABLED').toLowerCase() === 'true') return undefined;
  const exporter = of('OTEL_TRACES_EXPORTER');
  if (exporter === 'none') return undefined;
  if (exporter !== '' && exporter !== 'otlp') throw bad('OTEL_TRACES_EXPORTER', "'otlp' or 'none'");
  const named = of('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') !== '' || of('OTEL_EXPORTER_OTLP_ENDPOINT') !== '';
  if (!named && exporter === '' && file === undefined) return undefined;
  const sampler = of('OTEL_TRACES_SAMPLER');
  const known = SAMPLERS.find((name) => name === sampler);
  if (sampler !== '' && known === undefined) throw bad('OTEL_TRACES_SAMPLER', `one of ${SAMPLERS.join(', ')}`);
  const share = of('OTEL_TRACES_SAMPLER_ARG');
  const ratio = share === '' ? (file?.sample ?? 1) : Number(share);
  if (!(ratio >= 0 && ratio <= 1)) throw bad('OTEL_TRACES_SAMPLER_ARG', 'a number from 0 to 1');
  const delay = of('OTEL_BSP_SCHEDULE_DELAY');
  if (!/^[0-9]{0,9}$/.test(delay)) throw bad('OTEL_BSP_SCHEDULE_DELAY', 'a number of milliseconds');
  const delayMs = delay === '' ? 5000 : Number(delay);
  return { url: named ? undefined : file?.url, sampler: known ?? 'parentbased_traceidratio', ratio, delayMs };
}

function bad(name: string, wants: string): GuichetError {
  return new GuichetError('config.invalid', `The environment variable ${name} must be ${wants}.`, {
    remedy: 'Mend it, or unset it to use what the file says.',
  });
}
