// `proxy` without its target: how peers are spoken to. The target is in target-table.ts, because it
// is inherited as a whole.

import { IGNORABLE_FIELDS, type IgnorableField } from '../../model/cache.ts'
import { type ProxySettings, RETRY_CONDITIONS } from '../../model/proxy-settings.ts'
import { nearest } from '../suggest.ts'
import { BIND } from './bind-kind.ts'
import { list } from './collections.ts'
import { COOKIE_DOMAINS, COOKIE_FLAG_RULES, COOKIE_PATHS } from './cookie-kinds.ts'
import { checkFieldName, SET_HEADERS } from './header-kinds.ts'
import { type Kind, wordKind } from './kind.ts'
import { BYTE_RATE } from './limits-table.ts'
import { DURATION, size } from './measures.ts'
import { DIRECTORY } from './paths.ts'
import { EARLY_HINTS, OPTIONAL_BODY, OPTIONAL_METHOD } from './peer-request-kinds.ts'
import { REDIRECTS } from './redirect-kind.ts'
import { group, type Row, row, rowsOf, within } from './row.ts'
import { STORE } from './store-kind.ts'
import { PEER_TLS_ROW } from './tls-table.ts'
import { BOOLEAN, choice, integer } from './words.ts'

type Retry = ProxySettings['retry']

const typed = rowsOf<ProxySettings>()
const retry = rowsOf<Retry>()

const RETRY_ROWS: readonly Row<Retry>[] = [
  retry('on', 'on', list(choice(RETRY_CONDITIONS), { label: 'list of conditions' }), {
    doc:
      'What makes the next peer be tried: `error`, `timeout`, `invalid_header`, `http_500`, ' +
      '`http_502`, `http_503`, `http_504`, `http_403`, `http_404`, `http_429`, and ' +
      '`non_idempotent` to repeat POST too; `[]` for nothing',
    nginx: 'proxy_next_upstream',
  }),
  retry('tries', 'triesMax', integer(0), {
    doc: 'Tries in all; 0 = as many as there are peers',
    nginx: 'proxy_next_upstream_tries',
  }),
  retry('timeout', 'timeoutMs', DURATION, {
    doc: 'After this no further try begins; 0 = no limit',
    nginx: 'proxy_next_upstream_timeout',
  }),
  retry('try_timeout', 'tryTimeoutMs', DURATION, {
    doc: 'Time of one try up to the head of its response; 0 = no limit',
    nginx: 'proxy_next_upstream_try_timeout',
  }),
  retry('deadline', 'deadlineMs', DURATION, {
    doc: 'Time of all tries together up to the head of a response; 0 = no limit',
    nginx: 'proxy_next_upstream_deadline',
  }),
  retry('backoff', 'backoffMs', DURATION, {
    doc: 'A further try waits for a random time below this, doubled with each; 0 = it begins at once',
    nginx: 'proxy_next_upstream_backoff',
  }),
  retry('backoff_max', 'backoffMaxMs', DURATION, {
    doc: 'The longest such wait',
    nginx: 'proxy_next_upstream_backoff',
  }),
  retry('budget', 'budgetPercent', integer(0, 100), {
    doc: 'Further tries that may run at once, in percent of the requests in hand; 0 = no limit',
    nginx: 'proxy_next_upstream_budget',
  }),
  retry('budget_min', 'budgetMin', integer(0), {
    doc: 'So many may run whatever the budget comes to',
    nginx: 'proxy_next_upstream_budget',
  }),
  retry('hedge_percentile', 'hedgePercentile', integer(0, 99), {
    doc:
      'A GET whose answer takes longer than this percentage of them gets a second one at the ' +
      'next peer, and the first answer wins; 0 = never',
    nginx: 'proxy_next_upstream_hedge',
  }),
  retry('hedge_min', 'hedgeMinMs', DURATION, {
    doc: 'No second one before this time',
    nginx: 'proxy_next_upstream_hedge',
  }),
  retry('connect_hedge', 'connectHedgeMs', DURATION, {
    doc:
      'A connect that takes longer, and longer than usual, gets company: one to the next peer; ' +
      '0 = never',
    nginx: 'proxy_connect_hedge',
  }),
]

const FIELD_NAME: Kind<string> = wordKind<string>({
  label: 'field name',
  wanted: 'the name of a header field such as X-Powered-By',
  schema: { type: 'string' },
  parse: text => (checkFieldName(text) === '' ? text.toLowerCase() : null),
  print: value => value,
})
const FIELD_NAMES = list(FIELD_NAME)

const IGNORABLE_FIELD: Kind<IgnorableField> = wordKind<IgnorableField>({
  label: 'field name',
  wanted: `one of ${IGNORABLE_FIELDS.join(', ')}`,
  schema: { type: 'string' },
  parse: text => IGNORABLE_FIELDS.find(name => name === text.toLowerCase()) ?? null,
  print: value => value,
  hint: text => {
    const near = nearest(text, IGNORABLE_FIELDS)
    return near === null ? '' : `did you mean "${near}"?`
  },
})

/** A protocol of the Upgrade field (RFC 9110 §7.8), lower case. */
const PROTOCOL: Kind<string> = wordKind<string>({
  label: 'protocol',
  wanted: 'a protocol such as websocket',
  schema: { type: 'string' },
  parse: text => (/^[!#$%&'*+\-.^_`|~0-9A-Za-z/]+$/.test(text) ? text.toLowerCase() : null),
  print: value => value,
})

/**
 * Adds to, or takes from, the fields that stay behind: what is written is the difference to what is
 * inherited.
 */
function hiddenRow(
  name: 'hide_headers' | 'pass_headers',
  doc: string,
  nginx: string,
): Row<ProxySettings> {
  const isHiding = name === 'hide_headers'
  const without = (from: readonly string[], names: readonly string[]): string[] =>
    from.filter(field => !names.includes(field))
  const difference: Kind<readonly string[]> = {
    ...FIELD_NAMES,
    read(node, reading, inherited = []) {
      const names = FIELD_NAMES.read(node, reading)
      if (names === undefined) return undefined
      return isHiding
        ? [...inherited, ...without([...new Set(names)], inherited)]
        : without(inherited, names)
    },
  }
  const plain = row<ProxySettings, readonly string[]>(
    name,
    'hideFields',
    difference,
    { get: proxy => proxy.hideFields, put: (proxy, hideFields) => ({ ...proxy, hideFields }) },
    { doc, nginx },
  )
  return {
    ...plain,
    show: value => (isHiding ? plain.show(value) : undefined),
    write(value, base) {
      const names = isHiding
        ? without(value.hideFields, base.hideFields)
        : without(base.hideFields, value.hideFields)
      return names.length === 0 ? undefined : FIELD_NAMES.write(names)
    },
  }
}

/** The keys of `proxy` that are inherited. */
export const PROXY_ROWS: readonly Row<ProxySettings>[] = [
  typed('set_headers', 'setFields', SET_HEADERS, {
    doc:
      'Fields to set towards peers, added to the inherited ones; `""` does not send the field, ' +
      "nothing behind a name lets the client's pass, and a list of `{ name, value }` replaces all",
    nginx: 'proxy_set_header',
  }),
  typed('bind', 'bind', BIND, {
    doc:
      'The address of this machine that connections go out from, with or without a port; `off` ' +
      'leaves it to the kernel. May hold variables: what they come to binds only if it is one',
    nginx: 'proxy_bind',
  }),
  typed('socket_keepalive', 'isSocketKeptAlive', BOOLEAN, {
    doc: 'Let the kernel probe silent connections',
    nginx: 'proxy_socket_keepalive',
  }),
  typed('connect_timeout', 'connectTimeoutMs', DURATION, {
    doc: 'To connect to a peer',
    nginx: 'proxy_connect_timeout',
  }),
  typed('send_timeout', 'sendTimeoutMs', DURATION, {
    doc: 'Between two writes to a peer',
    nginx: 'proxy_send_timeout',
  }),
  typed('read_timeout', 'readTimeoutMs', DURATION, {
    doc: 'Between two reads from a peer',
    nginx: 'proxy_read_timeout',
  }),
  group('retry', within('retry', RETRY_ROWS), { doc: 'When the next peer is tried' }),
  typed('upgrade', 'allowsUpgrade', list(PROTOCOL, { label: 'list of protocols' }), {
    doc: 'Protocols that a client may upgrade to, through a tunnel; `[]` for none',
    nginx: 'proxy_set_header Upgrade and Connection',
  }),
  typed('http_version', 'httpVersion', choice(['1.1', '1.0']), {
    doc: 'Protocol towards peers',
    nginx: 'proxy_http_version',
  }),
  typed('redirect', 'redirects', REDIRECTS, {
    doc:
      "How a peer's Location and Refresh are rewritten: `default` puts the path of the route " +
      "where the target's stands",
    nginx: 'proxy_redirect',
  }),
  typed('cookie_domain', 'cookieDomains', COOKIE_DOMAINS, {
    doc: 'What becomes of the Domain of cookies that peers set; replaces the inherited rules',
    nginx: 'proxy_cookie_domain',
  }),
  typed('cookie_path', 'cookiePaths', COOKIE_PATHS, {
    doc: 'What becomes of the beginning of their Path',
    nginx: 'proxy_cookie_path',
  }),
  typed('cookie_flags', 'cookieFlags', COOKIE_FLAG_RULES, {
    doc: 'Attributes that they get or lose; the first rule that names a cookie holds',
    nginx: 'proxy_cookie_flags',
  }),
  typed('method', 'method', OPTIONAL_METHOD, {
    doc: "The method that peers are asked with; `client` is the client's",
    nginx: 'proxy_method',
  }),
  typed('set_body', 'body', OPTIONAL_BODY, {
    doc: "What is sent in the place of the client's body; `[]` sends that one",
    nginx: 'proxy_set_body',
  }),
  typed('pass_request_headers', 'passesFields', BOOLEAN, {
    doc: "Pass the client's fields to peers",
    nginx: 'proxy_pass_request_headers',
  }),
  typed('pass_request_body', 'passesBody', BOOLEAN, {
    doc: "Pass the client's body to peers",
    nginx: 'proxy_pass_request_body',
  }),
  typed('force_ranges', 'forcesRanges', BOOLEAN, {
    doc: 'Let parts of responses be asked for whatever peers say of it',
    nginx: 'proxy_force_ranges',
  }),
  typed('early_hints', 'earlyHints', EARLY_HINTS, {
    doc: 'Pass 103 of peers where one of these is neither empty nor 0; `default` as `compat` has it',
    nginx: 'early_hints',
  }),
  hiddenRow(
    'hide_headers',
    'Fields of responses that stay behind, added to the inherited ones',
    'proxy_hide_header',
  ),
  hiddenRow(
    'pass_headers',
    'Fields of responses that pass although they are hidden by default or above',
    'proxy_pass_header',
  ),
  typed('ignore_headers', 'ignoreFields', list(IGNORABLE_FIELD, { label: 'list of fields' }), {
    doc: 'Fields of responses that mean nothing to us, such as Set-Cookie or Vary to a cache',
    nginx: 'proxy_ignore_headers',
  }),
  typed('intercept_errors', 'interceptsErrors', BOOLEAN, {
    doc: "Let `error_pages` replace peers' responses from 300 on",
    nginx: 'proxy_intercept_errors',
  }),
  typed('ignore_client_abort', 'ignoresClientAbort', BOOLEAN, {
    doc: 'Go on with the peer when the client has gone',
    nginx: 'proxy_ignore_client_abort',
  }),
  typed('pass_trailers', 'passesTrailers', BOOLEAN, {
    doc: 'Pass trailers of responses',
    nginx: 'proxy_pass_trailers',
  }),
  typed('request_buffering', 'isRequestBuffering', BOOLEAN, {
    doc: 'Read the whole request body before a peer is chosen',
    nginx: 'proxy_request_buffering',
  }),
  typed('buffering', 'isBuffering', BOOLEAN, {
    doc: 'Read responses as fast as the peer sends them',
    nginx: 'proxy_buffering',
  }),
  typed('limit_rate', 'limitRate', BYTE_RATE, {
    doc: 'Bytes per second that are read of a buffered response; 0 = no limit',
    nginx: 'proxy_limit_rate',
  }),
  typed('buffer', 'bufferBytes', size(1), {
    doc: 'Largest head of a response',
    nginx: 'proxy_buffer_size',
  }),
  typed('buffers', 'buffersBytes', size(1), {
    doc: 'Memory for the body of one buffered response, all buffers together',
    nginx: 'proxy_buffers',
  }),
  typed('busy_buffers', 'busyBuffersBytes', size(1), {
    doc: 'How much of it may be on its way to the client',
    nginx: 'proxy_busy_buffers_size',
  }),
  typed('max_temp_file', 'tempFileBytesMax', size(0), {
    doc: 'Largest temporary file of a buffered response; 0 = none',
    nginx: 'proxy_max_temp_file_size',
  }),
  typed('temp_file_write', 'tempFileWriteBytes', size(1), {
    doc: 'How much is written to it at once',
    nginx: 'proxy_temp_file_write_size',
  }),
  typed('temp_path', 'tempPath', DIRECTORY, {
    doc: 'Directory of the temporary files',
    nginx: 'proxy_temp_path',
  }),
  PEER_TLS_ROW,
  typed('store', 'store', STORE, {
    doc:
      'Make a file of each whole response: `on` where `files` would look for it, or at this path; ' +
      '`off` makes none. Not beside a cache',
    nginx: 'proxy_store',
  }),
]
