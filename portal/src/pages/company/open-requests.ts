import type { ResponseOf } from '@guichet/client';
import { asked } from '../../api/gateway.ts';

type Row = ResponseOf<'requests.list'>['items'][number];

/** A request in one of these has not ended. */
export const OPEN_STATES = 'awaiting_approval,queued,running,unknown';

/** More than these a team has hardly open at once; what is older is on the page of requests. */
const MOST = 100;

/** What is open on what a team owns. */
export const openRequestsOf = (team: string) => asked('requests.list', { query: { team, state: OPEN_STATES, limit: MOST } });

/** True for a request about a service, or about something that belongs to it. */
export const isAbout = ({ resource }: Row, service: string): boolean => resource.service === service || resource.id === service;
