import type { Request } from '@guichet/contract';
import { Link, useNavigate } from '@tanstack/react-router';
import { ArrowRight, Check, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useCall } from '../../../api/use-call.ts';
import { useKeys } from '../../../app/keys.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Button } from '../../../ui/button.tsx';
import { Field, TextArea } from '../../../ui/field.tsx';
import { readable } from '../../../ui/readable.ts';
import { ErrorNote } from '../../../ui/states.tsx';
import { tell } from '../../../ui/toast.tsx';
import { useKeepRequest } from './keep-request.ts';
import { useNextToApprove } from './next-to-approve.ts';

type Choice = 'approve' | 'reject';

/**
 * Approve or reject, with a comment, by keyboard or by hand. `digest` is that of the request that the reader has looked at:
 * the gateway refuses an approval when it is another by now.
 */
export function Decide({
  request,
  digest,
  isChanged,
}: {
  readonly request: Request;
  readonly digest: string;
  /** What is on the screen is not what was looked at: that has to be seen first. */
  readonly isChanged: boolean;
}): ReactNode {
  const m = useMessages().request.decide;
  const { id, allowed } = request;
  const [choice, setChoice] = useState<Choice>();
  const [comment, setComment] = useState('');
  const [isMissing, setMissing] = useState(false);
  const text = useRef<HTMLTextAreaElement>(null);
  const keep = useKeepRequest();
  const done = (answer: Request, title: string): void => {
    keep(answer);
    setChoice(undefined);
    setComment('');
    tell(title);
  };
  const approve = useCall('requests.approve', {
    changes: ['requests.list'],
    onSuccess: (answer) => done(answer, m.approved(id)),
    onError: () => keep.again(id),
  });
  const reject = useCall('requests.reject', {
    changes: ['requests.list'],
    onSuccess: (answer) => done(answer, m.rejected(id)),
    onError: () => keep.again(id),
  });
  const mayApprove = allowed.includes('approve') && !isChanged;
  const mayReject = allowed.includes('reject') && !isChanged;
  const isBusy = approve.isPending || reject.isPending;
  const error = approve.error ?? reject.error;

  const choose = (chosen: Choice): void => {
    approve.reset();
    reject.reset();
    setMissing(false);
    setChoice(chosen);
  };
  const leave = (): void => setChoice(undefined);
  const send = (): void => {
    if (isBusy || choice === undefined) return;
    const isEmpty = comment.trim() === '';
    if (choice === 'reject' && isEmpty) {
      setMissing(true);
      text.current?.focus();
    } else if (choice === 'approve') approve.mutate({ params: { request: id }, body: { comment, digest } });
    else reject.mutate({ params: { request: id }, body: { comment } });
  };
  useEffect(() => {
    if (choice !== undefined) text.current?.focus();
  }, [choice]);
  useKeys({
    a: { label: m.approve, enabled: mayApprove && !isBusy, run: () => choose('approve') },
    x: { label: m.reject, enabled: mayReject && !isBusy, run: () => choose('reject') },
    'mod+enter': { label: m.send, enabled: choice !== undefined, run: send },
    Escape: { label: m.leave, enabled: choice !== undefined && !isBusy, whileTyping: true, run: leave },
  });

  const isOffered = mayApprove || mayReject;
  if (!isOffered && error === null) return null;
  return (
    <section
      aria-label={m.title}
      // Within reach of the thumb on a phone, whatever is read above it.
      className="flex flex-col gap-2 rounded-lg border border-line bg-panel p-3 max-lg:fixed max-lg:inset-x-0 max-lg:bottom-0 max-lg:z-10 max-lg:rounded-none max-lg:border-x-0 max-lg:border-b-0 max-lg:shadow-pop"
    >
      {error !== null && <ErrorNote error={error} />}
      {isOffered && choice !== undefined && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            send();
          }}
          className="flex flex-col gap-2"
        >
          <Field
            label={choice === 'approve' ? m.commentOptional : m.comment}
            required={choice === 'reject'}
            error={isMissing && comment.trim() === '' ? m.needsComment : undefined}
          >
            <TextArea
              ref={text}
              value={comment}
              rows={2}
              maxLength={2000}
              placeholder={choice === 'approve' ? m.commentPlaceholder : m.rejectPlaceholder}
              onChange={({ target }) => setComment(target.value)}
            />
          </Field>
          <div className="flex justify-end gap-2">
            <Button look="quiet" onClick={leave} disabled={isBusy}>
              {m.leave}
            </Button>
            <Button type="submit" look={choice === 'approve' ? 'primary' : 'danger'} busy={isBusy} keys="mod+Enter">
              {choice === 'approve' ? m.approve : m.reject}
            </Button>
          </div>
        </form>
      )}
      {isOffered && choice === undefined && (
        <div className="grid grid-cols-2 gap-2">
          <Button look="primary" icon={Check} keys="a" disabled={!mayApprove} onClick={() => choose('approve')}>
            {m.approve}
          </Button>
          <Button icon={X} keys="x" disabled={!mayReject} onClick={() => choose('reject')}>
            {m.reject}
          </Button>
        </div>
      )}
    </section>
  );
}

/** The next request that waits for the reader, one key away. */
export function NextToApprove({ request }: { readonly request: string }): ReactNode {
  const m = useMessages().request.decide;
  const navigate = useNavigate();
  const next = useNextToApprove(request);
  useKeys({
    n: {
      label: m.nextAbout,
      enabled: next !== undefined,
      run: () => next !== undefined && void navigate({ to: '/requests/$request', params: { request: next.id } }),
    },
  });
  if (next === undefined) return null;
  return (
    <Link
      to="/requests/$request"
      params={{ request: next.id }}
      className="flex items-center gap-2 rounded-lg border border-line bg-panel px-3 py-2 text-sm hover:bg-hover"
    >
      <span className="min-w-0 flex-1">
        <span className="block font-medium">{m.next(next.id)}</span>
        <span className="block truncate text-soft">{readable(next.summary)}</span>
      </span>
      <kbd aria-hidden className="rounded-sm border border-line-strong/50 px-1 text-2xs text-faint max-md:hidden">
        N
      </kbd>
      <ArrowRight size={15} aria-hidden className="shrink-0 text-faint" />
    </Link>
  );
}
