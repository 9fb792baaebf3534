// The protocols of `service=` and which of them can be asked here: HTTP in full; what greets who
// connects, by its greeting; what needs a client of its own, not at all. The port of a virtual
// server says which is meant where none is written.

/** How a service is asked. */
export type ServiceCheck =
  | { readonly kind: 'http'; readonly isTls: boolean }
  /** The request is sent, and each line of what comes back is tested. */
  | { readonly kind: 'lines' }
  /** What the peer says first must match. */
  | { readonly kind: 'greeting'; readonly regex: string; readonly isTls: boolean }
  /** Always good. */
  | { readonly kind: 'none' }
  | { readonly kind: 'refused' }

export interface Service {
  readonly check: ServiceCheck
  /** What is asked, or what may be written instead. */
  readonly doc: string
}

const GREETING_220 = '^220'
const GREETING_POP = '^\\+OK'
const GREETING_IMAP = '^\\* (?:OK|PREAUTH)'

/** Every service, by name. */
export const SERVICES: ReadonlyMap<string, Service> = new Map<string, Service>([
  [
    'http',
    {
      check: { kind: 'http', isTls: false },
      doc: 'A request over HTTP. Redirects are followed, up to 7; the last answer must be a 2xx',
    },
  ],
  [
    'https',
    {
      check: { kind: 'http', isTls: true },
      doc: 'The same over TLS; certificates are not verified',
    },
  ],
  ['none', { check: { kind: 'none' }, doc: 'Nothing is asked: reals are always in' }],
  [
    'simpletcp',
    {
      check: { kind: 'lines' },
      doc: '`request` is sent, `\\n` in it as line feed; a line of the answer must match `receive`',
    },
  ],
  ['ftp', greeting(GREETING_220, false, 'The greeting 220; with `request` or `receive` an error')],
  ['smtp', greeting(GREETING_220, false, 'The greeting 220')],
  ['submission', greeting(GREETING_220, false, 'The greeting 220')],
  ['pop', greeting(GREETING_POP, false, 'The greeting +OK; with `login` an error')],
  ['pops', greeting(GREETING_POP, true, 'The greeting +OK, over TLS')],
  ['imap', greeting(GREETING_IMAP, false, 'The greeting * OK; with `login` an error')],
  ['imaps', greeting(GREETING_IMAP, true, 'The greeting * OK, over TLS')],
  ['nntp', greeting('^2', false, 'A greeting that begins with 2')],
  ...['dns', 'http_proxy', 'ldap', 'ldaps', 'mysql', 'oracle', 'pgsql', 'radius', 'sip'].map(
    name =>
      [
        name,
        { check: { kind: 'refused' }, doc: 'An error: it needs a client of its own' },
      ] as const,
  ),
])

const BY_PORT: Readonly<Record<number, string>> = {
  21: 'ftp',
  25: 'smtp',
  53: 'dns',
  80: 'http',
  110: 'pop',
  119: 'nntp',
  143: 'imap',
  389: 'ldap',
  443: 'https',
  587: 'submission',
  636: 'ldaps',
  993: 'imaps',
  995: 'pops',
  1521: 'oracle',
  1812: 'radius',
  3128: 'http_proxy',
  3306: 'mysql',
  5060: 'sip',
  5432: 'pgsql',
}

/** The port that a service has where reals have none; null for `none` and its like. */
export function portOfService(service: string): number | null {
  const found = Object.entries(BY_PORT).find(([, name]) => name === service)
  return found === undefined ? null : Number(found[0])
}

/** The service of a virtual server's port. */
export function serviceOfPort(port: number): string {
  return BY_PORT[port] ?? 'none'
}

/** Whether clients of such a service speak HTTP, as far as its name tells. */
export function mayBeHttp(service: string): boolean {
  return ['http', 'https', 'http_proxy', 'none', 'simpletcp'].includes(service)
}

function greeting(regex: string, isTls: boolean, doc: string): Service {
  return { check: { kind: 'greeting', regex, isTls }, doc }
}
