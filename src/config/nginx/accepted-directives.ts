// Directives that nginx needs and this program does not: understood, checked for form, and without
// effect. Each gets one quiet notice that says why.

import { type Context, type DirectiveRow, MANY } from './directive-row.ts'
import { readCount, readFlag, readOffset, readSize, readTimeMs } from './level-rows.ts'
import type { Word } from './lexer.ts'
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

/** Reads one argument; null where a mistake was reported. */
type ReadWord = (word: Word, directive: Directive, reading: Reading) => unknown

/** Forms of one argument, by how messages and documents call them. */
const FORMS = {
  flag: ['on | off', readFlag],
  size: ['size', readSize],
  offset: ['size', readOffset],
  time: ['time', readTimeMs],
  count: ['number', readCount],
  integer: ['number', matching(/^-?\d+$/, 'write a whole number')],
  events: [
    'method',
    matching(/^(?:select|poll|epoll|kqueue|eventport|\/dev\/poll)$/, 'write epoll'),
  ],
  aio: [
    'on | off | threads[=pool]',
    matching(/^(?:on|off|threads(?:=.+)?)$/, 'write on, off or threads'),
  ],
  directio: [
    'size | off',
    (word, directive, reading) => word.text === 'off' || readOffset(word, directive, reading),
  ],
  points: ['abort | stop', matching(/^(?:abort|stop)$/, 'write abort or stop')],
  pool: ['size', readPoolSize],
} as const satisfies Readonly<Record<string, readonly [syntax: string, read: ReadWord]>>

type Form = keyof typeof FORMS | Whole

/** Counts of arguments, and what must hold of all of them. */
type Whole = readonly [
  min: number,
  max: number,
  check?: (directive: Directive, reading: Reading) => boolean,
]

function matching(pattern: RegExp, hint: string): ReadWord {
  return (word, directive, reading) => {
    if (pattern.test(word.text)) return word.text
    reading.refuseValue(directive, word, hint)
    return null
  }
}

/** A pool has room for its own head. */
function readPoolSize(word: Word, directive: Directive, reading: Reading): number | null {
  const size = readSize(word, directive, reading)
  if (size === null || (size >= 112 && size % 16 === 0)) return size
  reading.refuseValue(directive, word, 'write a multiple of 16 from 112')
  return null
}

function checkAffinity(directive: Directive, reading: Reading): boolean {
  const [first, ...rest] = directive.args
  const masks = first!.text === 'auto' ? rest : directive.args
  const wrong = first!.text === 'auto' && rest.length > 1 ? rest[1] : masks.find(isNoMask)
  if (wrong === undefined) return true
  reading.refuseValue(directive, wrong, 'write auto, or a mask of 0 and 1 for each worker')
  return false
}

function isNoMask({ text }: Word): boolean {
  return !/^[01 ]{0,1024}$/.test(text)
}

function checkPool(directive: Directive, reading: Reading): boolean {
  const [name, ...parameters] = directive.args
  const wrong = parameters.find(({ text }) => !/^(?:threads=0*[1-9]\d*|max_queue=\d+)$/.test(text))
  const isWhole = parameters.some(({ text }) => text.startsWith('threads='))
  if (wrong === undefined && isWhole) return true
  reading.refuseValue(directive, wrong ?? name!, 'write: thread_pool name threads=32;')
  return false
}

function checkBuffers(directive: Directive, reading: Reading): boolean {
  const [number, size] = directive.args
  const values = [readCount(number!, directive, reading), readSize(size!, directive, reading)]
  if (values.includes(null)) return false
  if (!values.includes(0)) return true
  reading.refuseValue(directive, values[0] === 0 ? number! : size!, 'write: output_buffers 2 32k;')
  return false
}

function accepted(
  name: string,
  within: readonly Context[],
  form: Form,
  reason: string,
): DirectiveRow {
  return {
    name,
    within,
    args: typeof form === 'string' ? [1, 1] : [form[0], form[1]],
    hasBlock: false,
    isRepeatable: REPEATABLE.has(name),
    syntax: typeof form === 'string' ? FORMS[form][0] : '…',
    doc: reason,
    effect: 'none',
    apply: (directive, _scope, reading) => {
      if (!hasForm(form, directive, reading)) return
      notice(directive, reading, name, `"${name}" has no effect here: ${reason}`)
    },
  }
}

function hasForm(form: Form, directive: Directive, reading: Reading): boolean {
  if (typeof form !== 'string') return form[2]?.(directive, reading) ?? true
  const [, read]: readonly [string, ReadWord] = FORMS[form]
  return read(directive.args[0]!, directive, reading) !== null
}

function notice(directive: Directive, reading: Reading, key: string, message: string): void {
  reading.noticeOnce(key, message, directiveOrigin(directive))
}

function hashes(within: readonly Context[], names: readonly string[]): DirectiveRow[] {
  return names.map(name => accepted(name, within, 'count', HASHES))
}

export const ACCEPTED_DIRECTIVES: readonly DirectiveRow[] = [
  accepted('user', ['main'], [1, 2], 'the process keeps the user that started it'),
  accepted('master_process', ['main'], 'flag', 'one process with a thread for each worker'),
  accepted('load_module', ['main'], [1, 1], 'modules of nginx cannot be loaded'),
  accepted('env', ['main'], [1, 1], 'workers are threads and see the whole environment'),
  accepted('pcre_jit', ['main'], 'flag', NODE),
  accepted('thread_pool', ['main'], [2, 3, checkPool], NODE),
  accepted('timer_resolution', ['main'], 'time', NODE),
  accepted('worker_cpu_affinity', ['main'], [1, MANY, checkAffinity], 'the kernel places threads'),
  accepted('worker_priority', ['main'], 'integer', 'set it where the process is started'),
  accepted('worker_rlimit_core', ['main'], 'offset', 'set it where the process is started'),
  accepted('worker_rlimit_nofile', ['main'], 'count', 'set it where the process is started'),
  accepted('working_directory', ['main'], [1, 1], 'set it where the process is started'),
  accepted('lock_file', ['main'], [1, 1], 'no lock is needed'),
  accepted('debug_points', ['main'], 'points', 'there are none'),
  accepted('use', ['events'], 'events', NODE),
  accepted('multi_accept', ['events'], 'flag', NODE),
  accepted('accept_mutex', ['events'], 'flag', 'each worker has its own socket'),
  accepted('accept_mutex_delay', ['events'], 'time', 'each worker has its own socket'),
  accepted('worker_aio_requests', ['events'], 'count', NODE),
  accepted('debug_connection', ['events'], [1, 1], 'use "error_log … debug"'),
  accepted('aio', LEVELS, 'aio', NODE),
  accepted('aio_write', LEVELS, 'flag', NODE),
  accepted('directio', LEVELS, 'directio', NODE),
  accepted('directio_alignment', LEVELS, 'offset', NODE),
  accepted('read_ahead', LEVELS, 'size', NODE),
  accepted('sendfile', [...LEVELS, 'if'], 'flag', NODE),
  accepted('sendfile_max_chunk', LEVELS, 'size', NODE),
  accepted('subrequest_output_buffer_size', LEVELS, 'size', 'there are no subrequests'),
  accepted('log_subrequest', LEVELS, 'flag', 'there are no subrequests'),
  accepted('tcp_nodelay', LEVELS, 'flag', 'connections never wait for more to send'),
  accepted('tcp_nopush', LEVELS, 'flag', 'head and body are written together'),
  accepted('postpone_output', LEVELS, 'size', 'what there is to send is sent at once'),
  accepted('output_buffers', LEVELS, [2, 2, checkBuffers], 'files are sent as they are read'),
  accepted('proxy_send_lowat', LEVELS, 'size', 'the kernel says when it takes more'),
  accepted('client_body_in_single_buffer', LEVELS, 'flag', 'a body in memory is one text'),
  accepted('msie_padding', LEVELS, 'flag', 'those browsers are gone'),
  accepted('msie_refresh', LEVELS, 'flag', 'those browsers are gone'),
  accepted('connection_pool_size', ['http', 'server'], 'pool', NODE),
  accepted('request_pool_size', ['http', 'server'], 'pool', NODE),
  accepted('ssl_buffer_size', ['http', 'server'], 'size', NODE),
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
