import {
  Choices,
  fromProblem,
  Manifest,
  Observation,
  Plan,
  Problem,
  type ProviderCall,
  type ProviderEndpoint,
  RunMessage,
} from '@guichet/contract';
import { type GrantKey, signGrant } from '../src/grants.ts';

/** A provider over HTTP as a gateway would see it, written from the specification alone. */
export function remoteEndpoint(url: string, key: GrantKey): ProviderEndpoint {
  async function post({ grant, body, signal }: ProviderCall): Promise<Response> {
    const answer = await fetch(`${url}/guichet/v1/actions/${grant.action}/${grant.phase}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await signGrant(key, grant)}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    if (answer.ok) return answer;
    throw fromProblem(Problem.parse(await answer.json()));
  }
  return {
    manifest: async () => Manifest.parse(await (await fetch(`${url}/guichet/v1/manifest`)).json()),
    options: async (call) => Choices.parse(await (await post(call)).json()).choices,
    plan: async (call) => Plan.parse(await (await post(call)).json()),
    observe: async (call) => Observation.parse(await (await post(call)).json()),
    async *run(call) {
      const answer = await post(call);
      if (answer.body === null) return;
      let rest = '';
      for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield RunMessage.parse(JSON.parse(line));
      }
    },
  };
}
