/** The messages of a stream until the signal aborts; then it rejects with the reason, also when the provider ignores the signal. */
export async function* abortable<Message>(stream: AsyncIterable<Message>, signal: AbortSignal): AsyncIterable<Message> {
  const iterator = stream[Symbol.asyncIterator]();
  // One promise for each message: a race against one that lives as long as the run would keep every message alive.
  let interrupt: (reason: unknown) => void = () => {};
  const abort = (): void => interrupt(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<Message>>((resolve, reject) => {
        interrupt = reject;
        iterator.next().then(resolve, reject);
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', abort);
    // Not awaited: a generator that hangs in its handler would hold us here.
    iterator.return?.()?.catch(() => {});
  }
}
