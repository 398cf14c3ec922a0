import { getRouteApi } from '@tanstack/react-router';

const route = getRouteApi('/postgres/$environment/$instance');

/** The server that the page is about. */
export const useInstance = (): { readonly environment: string; readonly instance: string } => route.useParams();
