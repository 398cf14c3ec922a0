import { asked } from '../../api/gateway.ts';

/** As many as anybody decides in a row; a longer inbox is read page by page. */
export const MOST_COUNTED = 100;

/** What waits for the reader's approval: the inbox, its count in the navigation and in the title of the tab. */
export const toApproveQuery = asked('requests.list', { query: { toApprove: 'true', limit: MOST_COUNTED } });
