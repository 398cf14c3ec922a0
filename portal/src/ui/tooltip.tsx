import {
  cloneElement,
  type FocusEvent,
  lazy,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  Suspense,
  useEffect,
  useRef,
  useSyncExternalStore,
} from 'react';
import { hideTip, shownTip, showTip, watchTip } from './tip.ts';

const TipPopup = lazy(async () => ({ default: (await import('./tip-popup.tsx')).TipPopup }));

interface AnchorProps {
  onPointerEnter?: (event: PointerEvent<HTMLElement>) => void;
  onPointerLeave?: (event: PointerEvent<HTMLElement>) => void;
  onFocus?: (event: FocusEvent<HTMLElement>) => void;
  onBlur?: (event: FocusEvent<HTMLElement>) => void;
}

/** To read on in what is told, the pointer may leave what it is about for so long. */
const LEAVE_MS = 120;

/** Words about what is pointed at or focused; never the only place where something is said that matters. */
export function Tooltip({
  text,
  children,
}: {
  readonly text: ReactNode;
  readonly children: ReactElement<AnchorProps>;
}): ReactNode {
  const told = useRef<Element>(undefined);
  const tell = (anchor: Element): void => {
    told.current = anchor;
    showTip({ anchor, text });
  };
  // What goes away says nothing any more.
  useEffect(
    () => () => {
      if (told.current !== undefined && shownTip()?.anchor === told.current) hideTip();
    },
    [],
  );
  const own = children.props;
  return cloneElement(children, {
    onPointerEnter: (event) => {
      own.onPointerEnter?.(event);
      if (event.pointerType !== 'touch') tell(event.currentTarget);
    },
    onPointerLeave: (event) => {
      own.onPointerLeave?.(event);
      hideTip({ after: LEAVE_MS });
    },
    onFocus: (event) => {
      own.onFocus?.(event);
      // A click gives focus too; whoever clicks does not ask what it is.
      if (event.currentTarget.matches(':focus-visible')) tell(event.currentTarget);
    },
    onBlur: (event) => {
      own.onBlur?.(event);
      hideTip();
    },
  });
}

/** Where they appear, once for the whole page; fetched when the first one is wanted. */
export function Tips(): ReactNode {
  const tip = useSyncExternalStore(watchTip, shownTip);
  const wasWanted = useRef(false);
  if (tip !== undefined) wasWanted.current = true;
  if (!wasWanted.current) return null;
  return (
    <Suspense>
      <TipPopup tip={tip} />
    </Suspense>
  );
}
