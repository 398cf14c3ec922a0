import { z } from 'zod';
import { Slug } from './ids.ts';

/** What a link of an application leads to, so that its place on a page is always the same. */
export const LINK_KINDS = ['deployment', 'logs', 'http-metrics', 'deployment-metrics', 'other'] as const;
export const LinkKind = z.enum(LINK_KINDS);
export type LinkKind = z.infer<typeof LinkKind>;

export const ApplicationLink = z.object({ title: z.string(), url: z.string(), kind: LinkKind }).meta({ id: 'ApplicationLink' });
export type ApplicationLink = z.infer<typeof ApplicationLink>;

/** Whether an application may be deployed to an environment now, and what runs there. */
export const Deployment = z
  .object({
    state: z.enum(['allowed', 'blocked', 'unknown']).describe('Whether it may be deployed there now'),
    reason: z.string().describe('Why, in words'),
    version: z.string().nullable().describe('The version that runs there'),
    at: z.iso.datetime().nullable().describe('When that version was deployed'),
    source: z.string().nullable().describe('Who says so: name of a provider; null when nobody does'),
  })
  .meta({ id: 'Deployment' });
export type Deployment = z.infer<typeof Deployment>;

/** A service, as it runs in one environment. */
export const Application = z
  .object({
    service: z.string().describe('Name of the service'),
    title: z.string().nullable(),
    team: Slug.describe('The team that owns it'),
    links: z.array(ApplicationLink),
    deployment: Deployment,
  })
  .meta({ id: 'Application' });
export type Application = z.infer<typeof Application>;

export const EnvironmentSummary = z
  .object({
    name: Slug,
    title: z.string().nullable(),
    description: z.string().nullable().describe('What it is for, and what whoever works there should know'),
    owner: Slug.nullable().describe('The team that owns it'),
    created: z.iso.date().nullable().describe('The day on which it was made'),
    services: z.int().describe('How many services run there'),
  })
  .meta({ id: 'EnvironmentSummary' });
export type EnvironmentSummary = z.infer<typeof EnvironmentSummary>;

/** An environment with all that its page shows. */
export const Environment = EnvironmentSummary.extend({
  configure: z
    .array(z.object({ title: z.string(), command: z.string() }))
    .describe('Commands to copy, such as those that point kubectl at it'),
  links: z.array(z.object({ title: z.string(), url: z.string() })),
  applications: z.array(Application).describe('The services that run there, by name'),
}).meta({ id: 'Environment' });
export type Environment = z.infer<typeof Environment>;
