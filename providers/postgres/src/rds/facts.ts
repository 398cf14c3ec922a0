/** What AWS says of an instance. */
export interface RdsFacts {
  /** Label of the source whose account and region it is in. */
  readonly account: string;
  readonly region: string;
  readonly identifier: string;
  /** Never another instance's, also when one of the same name comes later. */
  readonly resourceId: string;
  /** `db.r5.2xlarge` */
  readonly instanceClass: string;
  /** `available`, `backing-up` ... */
  readonly status: string;
  /** Identifier of the instance that it replicates, or its ARN when that is in another region; undefined for a primary. */
  readonly replicaOf: string | undefined;
}
