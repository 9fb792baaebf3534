// Directives that nginx needs and this program does not: understood, checked for form, and without
// effect. Each gets one quiet notice that says why.

import { type Context, type DirectiveRow, MANY } from './directive-row.ts'
import { readFlag } from './level-rows.ts'
import type { Reading } from './reading.ts'
import { type Directive, directiveOrigin } from './tree.ts'

const HASHES = 'tables grow as needed'
const NODE = 'Node decides this'
const LEVELS: readonly Context[] = ['http', 'server', 'location']

/** What nginx takes more than once in a block. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'env',
  'load_module',
  'thread_pool',
  'debug_connection',
])

type Form = 'flag' | readonly [min: number, max: number]

function accepted(
  name: string,
  within: readonly Context[],
  form: Form,
  reason: string,
): DirectiveRow {
  return {
    name,
    within,
    args: form === 'flag' ? [1, 1] : form,
    hasBlock: false,
    isRepeatable: REPEATABLE.has(name),
    syntax: form === 'flag' ? 'on | off' : '…',
    doc: reason,
    effect: 'none',
    apply: (directive, _scope, reading) => {
      if (form === 'flag' && readFlag(directive.args[0]!, directive, reading) === null) return
      notice(directive, reading, name, `"${name}" has no effect here: ${reason}`)
    },
  }
}

function notice(directive: Directive, reading: Reading, key: string, message: string): void {
  reading.noticeOnce(key, message, directiveOrigin(directive))
}

function hashes(within: readonly Context[], names: readonly string[]): DirectiveRow[] {
  return names.map(name => accepted(name, within, [1, 1], HASHES))
}

export const ACCEPTED_DIRECTIVES: readonly DirectiveRow[] = [
  accepted('user', ['main'], [1, 2], 'the process keeps the user that started it'),
  accepted('master_process', ['main'], 'flag', 'one process with a thread for each worker'),
  accepted('load_module', ['main'], [1, 1], 'modules of nginx cannot be loaded'),
  accepted('env', ['main'], [1, 1], 'workers are threads and see the whole environment'),
  accepted('pcre_jit', ['main'], 'flag', NODE),
  accepted('thread_pool', ['main'], [2, 3], NODE),
  accepted('timer_resolution', ['main'], [1, 1], NODE),
  accepted('worker_cpu_affinity', ['main'], [1, MANY], 'the kernel places threads'),
  accepted('worker_priority', ['main'], [1, 1], 'set it where the process is started'),
  accepted('worker_rlimit_core', ['main'], [1, 1], 'set it where the process is started'),
  accepted('worker_rlimit_nofile', ['main'], [1, 1], 'set it where the process is started'),
  accepted('working_directory', ['main'], [1, 1], 'set it where the process is started'),
  accepted('lock_file', ['main'], [1, 1], 'no lock is needed'),
  accepted('debug_points', ['main'], [1, 1], 'there are none'),
  accepted('use', ['events'], [1, 1], NODE),
  accepted('multi_accept', ['events'], 'flag', NODE),
  accepted('accept_mutex', ['events'], 'flag', 'each worker has its own socket'),
  accepted('accept_mutex_delay', ['events'], [1, 1], 'each worker has its own socket'),
  accepted('worker_aio_requests', ['events'], [1, 1], NODE),
  accepted('debug_connection', ['events'], [1, 1], 'use "error_log … debug"'),
  accepted('aio', LEVELS, [1, 1], NODE),
  accepted('aio_write', LEVELS, 'flag', NODE),
  accepted('directio', LEVELS, [1, 1], NODE),
  accepted('directio_alignment', LEVELS, [1, 1], NODE),
  accepted('read_ahead', LEVELS, [1, 1], NODE),
  accepted('sendfile', [...LEVELS, 'if'], 'flag', NODE),
  accepted('sendfile_max_chunk', LEVELS, [1, 1], NODE),
  accepted('subrequest_output_buffer_size', LEVELS, [1, 1], 'there are no subrequests'),
  accepted('log_subrequest', LEVELS, 'flag', 'there are no subrequests'),
  accepted('tcp_nodelay', LEVELS, 'flag', 'connections never wait for more to send'),
  accepted('tcp_nopush', LEVELS, 'flag', 'head and body are written together'),
  accepted('postpone_output', LEVELS, [1, 1], 'what there is to send is sent at once'),
  accepted('output_buffers', LEVELS, [2, 2], 'files are sent as they are read'),
  accepted('proxy_send_lowat', LEVELS, [1, 1], 'the kernel says when it takes more'),
  accepted('client_body_in_single_buffer', LEVELS, 'flag', 'a body in memory is one text'),
  accepted('msie_padding', LEVELS, 'flag', 'those browsers are gone'),
  accepted('msie_refresh', LEVELS, 'flag', 'those browsers are gone'),
  accepted('connection_pool_size', ['http', 'server'], [1, 1], NODE),
  accepted('request_pool_size', ['http', 'server'], [1, 1], NODE),
  accepted('ssl_buffer_size', ['http', 'server'], [1, 1], NODE),
  ...hashes(LEVELS, [
    'proxy_headers_hash_bucket_size',
    'proxy_headers_hash_max_size',
    'types_hash_bucket_size',
    'types_hash_max_size',
  ]),
  ...hashes(
    ['http'],
    [
      'map_hash_bucket_size',
      'map_hash_max_size',
      'server_names_hash_bucket_size',
      'server_names_hash_max_size',
      'variables_hash_bucket_size',
      'variables_hash_max_size',
    ],
  ),
]
