import { type AwsAssertion, GuichetError } from '@guichet/contract';
import aws4 from 'aws4';
import type { Context } from '../context.ts';
import { awsCredentials } from './aws-credentials.ts';

const BODY = 'Action=GetCallerIdentity&Version=2011-06-15';

/** A call to AWS that is signed and not sent: the gateway sends it, and hears who has signed it. The keys stay here. */
export async function proofByAws(context: Context, gateway: string): Promise<AwsAssertion> {
  const { accessKeyId, secretAccessKey, sessionToken } = await awsCredentials(context);
  const { region, endpoint } = serverOf(context.env);
  const { host } = new URL(endpoint);
  const signed = aws4.sign(
    {
      service: 'sts',
      region,
      method: 'POST',
      path: '/',
      body: BODY,
      headers: {
        host,
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        // Another gateway that is shown this call cannot use it here: the name is that of the one that we call.
        'x-guichet-gateway': gateway,
        // Without it two calls within a second would be one and the same.
        'amz-sdk-invocation-id': crypto.randomUUID(),
      },
    },
    { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
  );
  const headers = Object.fromEntries(Object.entries(signed.headers ?? {}).map(([name, value]) => [name, String(value)]));
  return { method: 'POST', url: `${endpoint}/`, headers, body: BODY };
}

/** The server of STS of the region; AWS_ENDPOINT_URL_STS names another one, as for all AWS tools. */
function serverOf(env: Context['env']): { region: string; endpoint: string } {
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || 'us-east-1';
  if (!/^[a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2}$/.test(region))
    throw new GuichetError('usage.invalid', `'${region}' is no region of AWS.`, { remedy: 'Set AWS_REGION, such as eu-west-3.' });
  const usual = `https://sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
  const endpoint = (env['AWS_ENDPOINT_URL_STS'] || usual).replace(/\/+$/, '');
  if (URL.canParse(endpoint)) return { region, endpoint };
  throw new GuichetError('usage.invalid', `AWS_ENDPOINT_URL_STS is no address: '${endpoint}'.`);
}
