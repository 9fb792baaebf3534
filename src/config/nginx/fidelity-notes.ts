// Where a directive is known to do something else here than in nginx, and which directives and
// parameters nginx does not have: the one list behind `check --fidelity` and docs/directives.md.
// Each note says what was seen beside a running nginx or follows from a decision
// (docs/decisions/010-deviations-from-nginx.md); one without `when` holds for every use.

import type { Context } from './directive-row.ts'

/** One way in which a directive is not nginx's. */
export interface FidelityNote {
  /** `differs` from nginx, or `ours`: an nginx refuses it. */
  readonly kind: 'differs' | 'ours'
  /** What happens here; of what is ours, where nginx stands instead. */
  readonly how: string
  /** Under `compat … strict` it does as nginx. */
  readonly isStrictSame?: true
  /** The blocks that it holds in, when not in all. */
  readonly blocks?: readonly Context[]
  /** The uses that it holds for. */
  readonly when?: (args: readonly string[]) => boolean
}

type Notes = Readonly<Record<string, readonly FidelityNote[]>>

/** Every note, by the name of the directive. */
export const FIDELITY_NOTES: Notes = {
  ...own(
    'compat control_socket auto_reload fail_on outlier_detection panic_threshold alert ' +
      'maintenance_dir fallback proxy_next_upstream_try_timeout proxy_next_upstream_deadline ' +
      'proxy_next_upstream_backoff proxy_next_upstream_budget proxy_next_upstream_hedge ' +
      'proxy_connect_hedge proxy_cache_mode fastdfs_verify',
  ),
  proxy_protocol: [{ ...ours('nginx has no such line here'), blocks: ['upstream'] }],
  health_check: [
    { ...ours('nginx has it in locations only'), blocks: ['upstream'] },
    {
      kind: 'differs',
      how: 'one time bounds the whole check, at most 10s or the interval (`timeout=`)',
      blocks: ['location'],
      when: args => !has(args, /^timeout=/),
    },
  ],
  hash: [{ ...ours('a parameter of ours'), when: args => has(args, /^(maglev$|bounded=)/) }],
  least_time: [{ ...ours('a parameter of ours'), when: args => has(args, /^peak_ewma$/) }],
  server: [
    { ...ours('a parameter of ours'), blocks: ['upstream'], when: args => has(args, /^race$/) },
  ],
  auth_basic_user_file: [
    {
      kind: 'differs',
      how:
        'passwords in DES or yescrypt cannot be checked (500); one that was right counts for 10s ' +
        'without another check while the file says the same, and who waits behind hundreds gets 503',
    },
  ],
  auth_request: [
    { kind: 'differs', how: 'what is asked has no Content-Length of a body that it does not get' },
  ],
  worker_connections: [
    { kind: 'differs', how: 'clients alone count, where nginx counts connections to peers too' },
  ],
  listen: [
    {
      kind: 'differs',
      how: 'the socket gets what Node gives it: this parameter has no effect',
      when: args =>
        has(
          args,
          /^(deferred|multipath|setfib=|fastopen=|rcvbuf=|sndbuf=|accept_filter=|so_keepalive=)/,
        ),
    },
  ],
  resolver: [
    {
      kind: 'differs',
      how: 'the addresses of a name that is gone hold for an hour (`hold=0` for none)',
      isStrictSame: true,
      when: args => !has(args, /^hold=/),
    },
    { ...ours('a parameter of ours'), when: args => has(args, /^hold=/) },
  ],
  proxy_pass_request_body: [
    {
      kind: 'differs',
      how: 'no Content-Length is sent either, which nginx leaves to `proxy_set_header`',
      when: args => args[0] === 'off',
    },
  ],
  proxy_set_header: [
    {
      kind: 'differs',
      how: 'framing is made anew: this field is not set',
      when: args => has(args.slice(0, 1), /^(content-length|transfer-encoding)$/i),
    },
  ],
  sticky: [
    { ...ours('a kind of ours'), when: args => args[0] === 'source' },
    {
      kind: 'differs',
      how: 'the cookie goes to who does not have it, where nginx sends it with every answer',
      isStrictSame: true,
      when: args => args[0] === 'cookie' && !has(args, /^expires=/),
    },
  ],
  state: [
    { kind: 'differs', how: 'lines of the configuration win over older changes in the file' },
  ],
  keepalive: [
    {
      kind: 'differs',
      how: 'a kept connection that its peer has closed is replaced, and charged to nobody',
      isStrictSame: true,
      when: args => args[0] !== '0',
    },
  ],
  proxy_next_upstream: [
    {
      kind: 'differs',
      how: 'where no other peer can be asked, the answer that came is passed on',
      isStrictSame: true,
      when: args => has(args, /^http_/),
    },
  ],
  proxy_connect_timeout: [
    {
      kind: 'differs',
      how: 'before it is over, a slow connect gets company at the next peer (`proxy_connect_hedge`)',
      isStrictSame: true,
    },
  ],
  proxy_ignore_client_abort: [
    {
      kind: 'differs',
      how: 'a client that closes only its sending side is answered all the same',
      isStrictSame: true,
      when: args => args[0]?.toLowerCase() === 'off',
    },
  ],
  proxy_limit_rate: [
    {
      kind: 'differs',
      how: 'the first read takes what the peer has sent by then, up to 64k',
      when: args => args[0] !== '0',
    },
  ],
  proxy_temp_path: [unusedLevels()],
  client_body_temp_path: [unusedLevels()],
  proxy_store: [
    {
      kind: 'differs',
      how: 'HEAD stores nothing, where nginx makes an empty file',
      when: args => args[0] !== 'off',
    },
  ],
  proxy_cache_path: [
    { ...ours('a parameter of ours'), when: args => has(args, /^memory=/) },
    {
      kind: 'differs',
      how: 'what is asked for most also stays in memory (`memory=0` for none)',
      when: args => !has(args, /^memory=/),
    },
  ],
  error_page: [
    {
      kind: 'differs',
      how: 'a redirect of our own is sent as it is, without the page',
      when: args => has(args, /^3\d\d$/),
    },
  ],
  large_client_header_buffers: [
    { kind: 'differs', how: 'a head that is too large gets 431, and `error_page 494` as in nginx' },
  ],
  client_header_timeout: [tooSlow()],
  client_body_timeout: [tooSlow()],
  ignore_invalid_headers: [
    {
      kind: 'differs',
      how: 'a name that is no token at all (RFC 9110 section 5.6.2) is refused with 400',
      when: args => args[0]?.toLowerCase() === 'on',
    },
  ],
  real_ip_header: [
    {
      kind: 'differs',
      how: 'all lines of the field count, where nginx takes the first unless it is spelled X-Forwarded-For',
      when: args => args[0]?.toLowerCase() === 'x-forwarded-for' && args[0] !== 'X-Forwarded-For',
    },
  ],
  access_log: [{ ...ours('a form of ours'), when: args => args[1] === 'json' }],
  error_log: [
    { kind: 'differs', how: 'lines go on behind the words of nginx: reason, step, tries' },
  ],
  server_tokens: [
    {
      kind: 'differs',
      how: 'as `on`: there is no name of a build',
      when: args => args[0]?.toLowerCase() === 'build',
    },
  ],
}

/** Directives without effect whose silence somebody may notice; that of the others nobody does. */
export const MISSED_DIRECTIVES: ReadonlySet<string> = new Set([
  'user',
  'load_module',
  'worker_priority',
  'worker_rlimit_core',
  'worker_rlimit_nofile',
  'working_directory',
  'debug_connection',
  // A plain listener would speak it, too; what is said of TLS means nothing without `listen … ssl`.
  'http2',
])

function own(names: string): Notes {
  return Object.fromEntries(
    names.split(' ').map(name => [name, [ours('not a directive of nginx')]]),
  )
}

function ours(how: string): FidelityNote {
  return { kind: 'ours', how }
}

function has(args: readonly string[], form: RegExp): boolean {
  return args.some(text => form.test(text))
}

function unusedLevels(): FidelityNote {
  const how = 'all files lie in one directory: the levels are not used'
  return { kind: 'differs', how, when: args => args.length > 1 }
}

function tooSlow(): FidelityNote {
  return { kind: 'differs', how: 'who is too slow gets the page of 408 before the end' }
}
