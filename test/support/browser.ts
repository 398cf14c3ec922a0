import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { formsOf, type HtmlForm, textOf } from './html-form.ts';

/** What a browser shows. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly html: string;
  /** What a person reads on it. */
  readonly text: string;
  readonly forms: readonly HtmlForm[];
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface Submission {
  /** The name or id of the form; the only one of the page when absent. */
  readonly form?: string;
  /** The text of the button to press; the first one when absent, as when somebody presses Enter. */
  readonly button?: string | RegExp;
  readonly fields?: Readonly<Record<string, string>>;
}

interface Cookie {
  readonly value: string;
  readonly host: string;
  readonly path: string;
  readonly attributes: Readonly<Record<string, string>>;
}

interface Navigation {
  readonly method: string;
  readonly url: URL;
  readonly body?: string;
  /** The page that led here; undefined for an address that somebody typed. */
  readonly from: Page | undefined;
}

const MOST_REDIRECTS = 20;

/**
 * A person's browser as far as servers see it: cookies, redirects, forms, and the headers by which a server knows where a
 * call comes from. It runs no scripts: our pages need none.
 */
export class Browser {
  readonly #cookies = new Map<string, Cookie>();
  readonly #userAgent: string;
  #page: Page | undefined;
  #visited: URL[] = [];

  constructor({ userAgent = 'Mozilla/5.0 (X11; Linux x86_64) Chrome/149.0' }: { userAgent?: string } = {}) {
    this.#userAgent = userAgent;
  }

  get page(): Page {
    if (this.#page === undefined) throw new Error('the browser has opened nothing yet');
    return this.#page;
  }

  /** Every address that the last navigation went through, the page's own last. */
  get visited(): readonly URL[] {
    return this.#visited;
  }

  get cookies(): readonly { name: string; value: string; attributes: Readonly<Record<string, string>> }[] {
    return [...this.#cookies].map(([key, { value, attributes }]) => ({ name: key.split(' ').at(-1) ?? '', value, attributes }));
  }

  /** Opens an address that somebody typed, or clicked in another program. */
  open(url: string | URL): Promise<Page> {
    return this.#navigate({ method: 'GET', url: new URL(url), from: undefined });
  }

  /** Follows a link of the page by a part of its text. */
  click(text: string | RegExp): Promise<Page> {
    const links = [...this.page.html.matchAll(/<a\b[^>]*\bhref="([^"]*)"[^>]*>([\s\S]*?)<\/a>/gi)];
    const link = links.find(([, , inside = '']) => matches(textOf(inside), text));
    if (link === undefined) throw new Error(`no link '${text}' on the page: ${this.page.text}`);
    return this.#navigate({
      method: 'GET',
      url: new URL((link[1] ?? '').replaceAll('&amp;', '&'), this.page.url),
      from: this.page,
    });
  }

  /** Fills in a form of the page and presses a button. A field that the form does not have is refused. */
  submit({ form: name, button: wanted, fields = {} }: Submission = {}): Promise<Page> {
    const { page } = this;
    const forms = page.forms.filter((form) => name === undefined || form.name === name);
    const form = forms.find(({ buttons }) => wanted === undefined || buttons.some(({ text }) => matches(text, wanted)));
    if (form === undefined || (name === undefined && wanted === undefined && forms.length > 1))
      throw new Error(`not one form '${name ?? wanted ?? ''}' on the page: ${page.text}`);
    for (const field of Object.keys(fields))
      if (!Object.hasOwn(form.fields, field)) throw new Error(`no field '${field}' in the form: ${Object.keys(form.fields)}`);
    const button = form.buttons.find(({ text }) => wanted === undefined || matches(text, wanted));
    const pressed = button?.name === undefined ? {} : { [button.name]: button.value };
    const body = new URLSearchParams({ ...form.fields, ...fields, ...pressed }).toString();
    const url = new URL(button?.action ?? form.action, page.url);
    if (form.method !== 'GET') return this.#navigate({ method: form.method, url, body, from: page });
    url.search = body;
    return this.#navigate({ method: 'GET', url, from: page });
  }

  /** Signs in on the page of the identity provider, and goes on to where that leads. */
  async signIn({ username, password }: Credentials): Promise<Page> {
    if (!this.isAtSignIn) throw new Error(`this is not the page where one signs in: ${this.page.url} ${this.page.text}`);
    return this.submit({ form: 'sign-in', button: 'Sign in', fields: { username, password } });
  }

  get isAtSignIn(): boolean {
    return this.page.forms.some(({ name, fields }) => name === 'sign-in' && Object.hasOwn(fields, 'password'));
  }

  async #navigate(start: Navigation): Promise<Page> {
    this.#visited = [];
    let next = start;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      this.#visited.push(next.url);
      const { response, html } = await this.#send(next);
      const { location } = response.headers;
      const status = response.statusCode ?? 0;
      if (location === undefined || status < 300 || status > 399) {
        this.#page = { url: next.url, status, headers: response.headers, html, text: textOf(html), forms: formsOf(html) };
        return this.#page;
      }
      const url = new URL(location, next.url);
      const keepsMethod = status === 307 || status === 308;
      next = keepsMethod ? { ...next, url } : { method: 'GET', url, from: next.from };
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects: ${this.#visited.join(' ')}`);
  }

  async #send({ method, url, body, from }: Navigation): Promise<{ response: IncomingMessage; html: string }> {
    const call = request(url, {
      method,
      agent: false,
      headers: {
        accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
        'user-agent': this.#userAgent,
        ...this.#cookieHeader(url),
        ...originHeaders({ method, url, from }),
        ...(body !== undefined && {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
        }),
      },
    });
    call.end(body);
    const [response] = (await once(call, 'response')) as [IncomingMessage]; // what 'response' emits
    for (const line of response.headers['set-cookie'] ?? []) this.#keepCookie(line, url);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return { response, html: Buffer.concat(chunks).toString('utf8') };
  }

  #cookieHeader(url: URL): { cookie?: string } {
    const sent = [...this.#cookies]
      .filter(([, { host, path }]) => host === url.hostname && isBelow(url.pathname, path))
      .map(([key, { value }]) => `${key.split(' ').at(-1)}=${value}`);
    return sent.length === 0 ? {} : { cookie: sent.join('; ') };
  }

  /** Cookies belong to a host, whatever the port. */
  #keepCookie(line: string, url: URL): void {
    const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
    const [name = '', ...value] = pair.split('=');
    const attributes = Object.fromEntries(rest.map((part) => splitAt(part)));
    const path = attributes['path'] || url.pathname.replace(/\/[^/]*$/, '') || '/';
    const key = `${url.hostname} ${path} ${name}`;
    const ends =
      attributes['max-age'] === undefined ? Date.parse(attributes['expires'] ?? '') : Number(attributes['max-age']) * 1000;
    const isOver = attributes['max-age'] === undefined ? ends < Date.now() : ends <= 0;
    if (isOver) this.#cookies.delete(key);
    else this.#cookies.set(key, { value: value.join('='), host: url.hostname, path, attributes });
  }
}

/** How a browser says where a navigation comes from. A page that forbids the referrer sends `null` as the origin of its forms. */
function originHeaders({ method, url, from }: Navigation): Record<string, string> {
  const site =
    from === undefined
      ? 'none'
      : from.url.origin === url.origin
        ? 'same-origin'
        : from.url.hostname === url.hostname
          ? 'same-site'
          : 'cross-site';
  const isSilent = from?.headers['referrer-policy'] === 'no-referrer';
  return {
    'sec-fetch-dest': 'document',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-site': site,
    'sec-fetch-user': '?1',
    ...(method !== 'GET' && from !== undefined && { origin: isSilent ? 'null' : from.url.origin }),
  };
}

const matches = (text: string, wanted: string | RegExp): boolean =>
  typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);

const isBelow = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

function splitAt(part: string): [string, string] {
  const [name = '', ...value] = part.split('=');
  return [name.toLowerCase(), value.join('=')];
}
