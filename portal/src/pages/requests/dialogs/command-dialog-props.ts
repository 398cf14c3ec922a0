import type { Request } from '@guichet/contract';

/** What every dialog about a request is given. */
export interface CommandDialogProps {
  readonly request: Request;
  /** The gateway has done it; the request as it is now. */
  readonly onDone: (answer: Request) => void;
  readonly onClose: () => void;
}
