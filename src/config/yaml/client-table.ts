// `client`: what clients may send and how long they may take. The order is that of the reference:
// what is changed most often comes first.

import { type ClientSettings, OLD_BROWSERS } from '../../model/settings.ts'
import { list } from './collections.ts'
import { DURATION, SECONDS, size } from './measures.ts'
import { DIRECTORY } from './paths.ts'
import { record } from './record.ts'
import { group, type Row, rowsOf, within } from './row.ts'
import { BOOLEAN, choice, integer } from './words.ts'

const row = rowsOf<ClientSettings>()
const lingering = rowsOf<ClientSettings['lingering']>()
const buffers = rowsOf<ClientSettings['largeHeaderBuffers']>()

const BUFFERS = record<ClientSettings['largeHeaderBuffers']>({
  label: '`{ count, size }`',
  wanted: 'a mapping such as { count: 4, size: 8k }',
  place: 'in "large_header_buffers"',
  rows: [
    buffers('count', 'count', integer(1), { doc: 'How many', isRequired: true }),
    buffers('size', 'bytes', size(1), { doc: 'Size of each', isRequired: true }),
  ],
  blank: () => ({ count: 0, bytes: -1 }),
})

const LINGERING_ROWS: readonly Row<ClientSettings['lingering']>[] = [
  lingering('mode', 'mode', choice(['off', 'on', 'always']), {
    doc: 'Whether to go on reading from a client before its connection is closed',
    nginx: 'lingering_close',
  }),
  lingering('time', 'timeMs', DURATION, { doc: 'In all at most', nginx: 'lingering_time' }),
  lingering('timeout', 'timeoutMs', DURATION, {
    doc: 'Between two reads',
    nginx: 'lingering_timeout',
  }),
]

const KEEPALIVE_ROWS: readonly Row<ClientSettings>[] = [
  row('timeout', 'keepaliveTimeoutMs', DURATION, {
    doc: 'How long an idle client connection stays open; 0 closes after each response',
    nginx: 'keepalive_timeout',
  }),
  row('header_timeout', 'keepaliveHeaderSeconds', SECONDS, {
    doc: 'What the field `Keep-Alive: timeout=` says; 0 sends none',
    nginx: 'keepalive_timeout (second value)',
  }),
  row('requests', 'keepaliveRequestsMax', integer(1), {
    doc: 'Requests that one connection may carry',
    nginx: 'keepalive_requests',
  }),
  row('max_age', 'keepaliveAgeMaxMs', DURATION, {
    doc: 'A connection older than this closes after its response',
    nginx: 'keepalive_time',
  }),
  row('min_timeout', 'keepaliveMinMs', DURATION, {
    doc: 'An idle connection is not closed for others before this, nor at a graceful end',
    nginx: 'keepalive_min_timeout',
  }),
  row('disable', 'keepaliveDisable', list(choice(OLD_BROWSERS), { label: 'list of browsers' }), {
    doc: 'Old browsers whose connections close after each response: `msie6`, `safari`',
    nginx: 'keepalive_disable',
  }),
]

/** The keys of `client`. */
export const CLIENT_ROWS: readonly Row<ClientSettings>[] = [
  row('max_body', 'bodyBytesMax', size(0), {
    doc: 'Largest request body; 0 = no limit. More is answered by 413',
    nginx: 'client_max_body_size',
  }),
  row('body_buffer', 'bodyBufferBytes', size(1), {
    doc: 'Memory for a request body; the rest goes to a temporary file',
    nginx: 'client_body_buffer_size',
  }),
  row('body_timeout', 'bodyTimeoutMs', DURATION, {
    doc: 'Between two reads of a request body',
    nginx: 'client_body_timeout',
  }),
  row('body_temp_path', 'bodyTempPath', DIRECTORY, {
    doc: 'Directory of the temporary files',
    nginx: 'client_body_temp_path',
  }),
  row('body_file', 'bodyFile', choice(['off', 'on', 'clean']), {
    doc: 'Make each buffered body a file, which stays (`on`) or goes with the request (`clean`)',
    nginx: 'client_body_in_file_only',
  }),
  row('header_buffer', 'headerBufferBytes', size(1), {
    doc: 'Memory for a request head at first',
    nginx: 'client_header_buffer_size',
  }),
  row('large_header_buffers', 'largeHeaderBuffers', BUFFERS, {
    doc: 'Memory for larger request heads; one line must fit one buffer',
    nginx: 'large_client_header_buffers',
  }),
  row('header_timeout', 'headerTimeoutMs', DURATION, {
    doc: 'For the whole request head',
    nginx: 'client_header_timeout',
  }),
  row('max_headers', 'fieldsMax', integer(1), {
    doc: 'Most fields of one request',
    nginx: 'max_headers',
  }),
  row('send_timeout', 'sendTimeoutMs', DURATION, {
    doc: 'Between two writes of a response',
    nginx: 'send_timeout',
  }),
  group('keepalive', KEEPALIVE_ROWS, { doc: 'Idle client connections' }),
  row('reset_timed_out', 'resetsTimedOut', BOOLEAN, {
    doc: 'End connections that took too long, and those of status 444, with a reset',
    nginx: 'reset_timedout_connection',
  }),
  row('chunked', 'sendsChunks', BOOLEAN, {
    doc: 'Send responses without a length in chunks; else the connection ends them',
    nginx: 'chunked_transfer_encoding',
  }),
  row('underscores', 'allowsUnderscores', BOOLEAN, {
    doc: 'Accept header fields with `_` in their names',
    nginx: 'underscores_in_headers',
  }),
  row('ignore_invalid_headers', 'ignoresInvalidFields', BOOLEAN, {
    doc: 'Drop header fields with invalid names; `false` answers 400',
    nginx: 'ignore_invalid_headers',
  }),
  group('lingering', within('lingering', LINGERING_ROWS), {
    doc: 'Reading on before a close, so that the client gets the response',
  }),
]
