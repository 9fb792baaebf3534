// Directives of the main level and of `events`: the process, its blocks, and our own `compat`, which
// says whose defaults hold (docs/directives.md).

import { COMPAT_PROFILES, type CompatProfile } from '../../model/config.ts'
import { nearest } from '../suggest.ts'
import { type DirectiveRow, mainRow, scopeRow } from './directive-row.ts'
import { oneOf, readCount, readFlag, readTimeMs } from './level-rows.ts'
import type { Word } from './lexer.ts'
import type { Reading, WrittenProcess } from './reading.ts'
import { Level, type MainScope } from './scope.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

export const MAIN_DIRECTIVES: readonly DirectiveRow[] = [
  mainRow('events', blockOptions('processing of connections'), readEvents),
  mainRow('http', blockOptions('everything about HTTP'), readHttp),
  mainRow(
    'compat',
    {
      args: [1, 2],
      syntax: 'nginx/1.28 | nginx/1.30 [strict]',
      doc:
        'whose defaults hold; `strict` switches our deviations from nginx off; ' +
        'not a directive of nginx',
    },
    readCompat,
  ),
  mainRow(
    'worker_processes',
    { syntax: 'number | auto', doc: 'number of worker threads; `auto` is one for each core' },
    (directive, _scope, reading) => {
      const word = directive.args[0]!
      const value = word.text === 'auto' ? 'auto' : readCount(word, directive, reading)
      if (value === 0) reading.refuseValue(directive, word, 'at least one worker is needed')
      else if (value !== null) setProcess(directive, reading, 'workerProcesses', value)
    },
  ),
  scopeRow(
    'worker_connections',
    { within: ['events'], syntax: 'number', doc: 'client connections of each worker' },
    (directive, _scope, reading) => {
      const value = readCount(directive.args[0]!, directive, reading)
      if (value !== null) setProcess(directive, reading, 'workerConnectionsMax', value)
    },
  ),
  mainRow(
    'daemon',
    { syntax: 'on | off', doc: 'whether the process goes to the background' },
    (directive, _scope, reading) => {
      const value = readFlag(directive.args[0]!, directive, reading)
      if (value !== null) setProcess(directive, reading, 'isDaemon', value)
    },
  ),
  mainRow(
    'pid',
    { syntax: 'file', doc: 'file that holds the process id' },
    (directive, _scope, reading) => {
      const path = reading.underPrefix(directive.args[0]!.text)
      setProcess(directive, reading, 'pidPath', path)
    },
  ),
  mainRow(
    'worker_shutdown_timeout',
    { syntax: 'time', doc: 'how long a graceful stop waits for requests' },
    (directive, _scope, reading) => {
      const value = readTimeMs(directive.args[0]!, directive, reading)
      if (value !== null) setProcess(directive, reading, 'shutdownTimeoutMs', value)
    },
  ),
  mainRow(
    'control_socket',
    {
      syntax: 'path | off',
      doc: 'unix socket that `headgate status` asks; without it at its usual place (not of nginx)',
    },
    (directive, _scope, reading) => {
      const { text } = directive.args[0]!
      const path = text === 'off' ? '' : reading.underPrefix(text.replace(/^unix:/, ''))
      setProcess(directive, reading, 'controlPath', path)
    },
  ),
  mainRow(
    'auto_reload',
    {
      args: [1, 2],
      syntax: 'on | off [command]',
      doc:
        'reloads when a file of the configuration changed on disk; a bad one changes nothing. ' +
        'The command is run with the path of the main file after each change (not of nginx)',
    },
    (directive, _scope, reading) => {
      const [word, program] = directive.args
      const isReloading = readFlag(word!, directive, reading)
      if (isReloading === null) return
      if (program?.text === '') reading.refuseValue(directive, program, 'write a program')
      const path = program?.text ?? null
      const command = path?.includes('/') === true ? reading.underPrefix(path) : path
      setProcess(directive, reading, 'fileWatch', { isReloading, command })
    },
  ),
]

function blockOptions(doc: string) {
  return { args: [0, 0] as const, hasBlock: true, syntax: '{ … }', doc }
}

function setProcess<K extends keyof WrittenProcess>(
  directive: Directive,
  reading: Reading,
  key: K,
  value: NonNullable<WrittenProcess[K]>,
): void {
  reading.process[key] = value
  reading.processOrigins[key] = statementOrigin(directive)
}

function readEvents(directive: Directive, scope: MainScope, reading: Reading): void {
  scope.hasEvents = true
  const origin = directiveOrigin(directive)
  reading.walk(directive.block!, { kind: 'events', origin, seen: new Map() })
}

function readHttp(directive: Directive, scope: MainScope, reading: Reading): void {
  scope.http = {
    kind: 'http',
    origin: directiveOrigin(directive),
    seen: new Map(),
    level: new Level(null),
    servers: [],
    upstreams: [],
    logFormats: [],
    matches: new Map(),
  }
  reading.walk(directive.block!, scope.http)
}

function readCompat(directive: Directive, _scope: MainScope, reading: Reading): void {
  for (const word of directive.args) {
    if (word.text === 'strict') reading.isStrict = true
    else if (isProfile(word.text)) reading.compat = word.text
    else refuseProfile(directive, word, reading)
  }
}

function isProfile(text: string): text is CompatProfile {
  return COMPAT_PROFILES.some(profile => profile === text)
}

function refuseProfile(directive: Directive, word: Word, reading: Reading): void {
  const known = [...COMPAT_PROFILES, 'strict']
  const isMistyped = nearest(word.text, ['strict']) !== null
  const hint = isMistyped ? 'did you mean "strict"?' : `write ${oneOf(known)}`
  reading.refuseValue(directive, word, hint)
}
