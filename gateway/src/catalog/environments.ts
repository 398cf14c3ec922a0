import type { Application, Deployment, Environment, EnvironmentSummary } from '@guichet/contract';
import type { Company } from './company/index.ts';

export interface Place {
  readonly environment: string;
  readonly service: string;
}

/** What somebody knows of deployments: all places at once, so that a page costs one question however many it shows. */
export type Deployments = (places: readonly Place[]) => Promise<ReadonlyMap<Place, Deployment>>;

const UNTOLD: Deployment = {
  state: 'unknown',
  reason: 'No provider tells about deployments here yet.',
  version: null,
  at: null,
  source: null,
};

/** The one place where what providers tell about deployments comes together; until one does, nothing is known. */
export const deployments: Deployments = async (places) => new Map(places.map((place) => [place, UNTOLD]));

/** The environments of the configuration, each with what the company's files say of it. */
export class Environments {
  readonly #names: readonly string[];
  readonly #company: () => Company;
  readonly #deployments: Deployments;

  constructor(options: { names: readonly string[]; company: () => Company; deployments?: Deployments }) {
    this.#names = options.names;
    this.#company = options.company;
    this.#deployments = options.deployments ?? deployments;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  /** In the order of the configuration. */
  list(): EnvironmentSummary[] {
    return this.#names.map((name) => this.#summary(name));
  }

  /** Undefined of one that the configuration does not have; `team` narrows its applications. */
  async show(name: string, team?: string): Promise<Environment | undefined> {
    if (!this.#names.includes(name)) return undefined;
    const { configure = [], links = [] } = this.#company().environment(name) ?? {};
    return {
      ...this.#summary(name),
      configure: configure.map((each) => ({ ...each })),
      links: links.map((link) => ({ ...link })),
      applications: await this.#applications(name, team),
    };
  }

  #summary(name: string): EnvironmentSummary {
    const entry = this.#company().environment(name);
    return {
      name,
      title: entry?.title ?? null,
      description: entry?.description ?? null,
      owner: entry?.owner ?? null,
      created: entry?.created ?? null,
      services: this.#company().servicesIn(name).length,
    };
  }

  async #applications(environment: string, team: string | undefined): Promise<Application[]> {
    const all = this.#company().servicesIn(environment);
    const services = all.filter((service) => team === undefined || service.team === team);
    const places = services.map(({ name }) => ({ environment, service: name }));
    const known = await this.#deployments(places);
    return services
      .map(({ name, title, team: owner, environments }, index): Application => {
        const place = places[index];
        const links = environments.find((each) => each.name === environment)?.links ?? [];
        return {
          service: name,
          title: title ?? null,
          team: owner,
          links: links.map((link) => ({ ...link })),
          deployment: { ...((place === undefined ? undefined : known.get(place)) ?? UNTOLD) },
        };
      })
      .sort((one, other) => (one.service < other.service ? -1 : 1));
  }
}
