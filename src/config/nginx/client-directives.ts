// Directives about clients: what they may send, how long they may take, how long their connections
// stay.

import { OLD_BROWSERS, type OldBrowser } from '../../model/settings.ts'
import { type DirectiveRow, type LevelScope, MANY, SERVER_LEVELS } from './directive-row.ts'
import {
  choiceRow,
  countRow,
  directoryRow,
  flagRow,
  levelRow,
  offsetRow,
  oneOf,
  readCount,
  readSize,
  readTimeMs,
  readTimeSeconds,
  sizeRow,
  timeRow,
} from './level-rows.ts'
import type { Reading } from './reading.ts'
import { type Directive, statementOrigin } from './tree.ts'

export const CLIENT_DIRECTIVES: readonly DirectiveRow[] = [
  sizeRow('client_header_buffer_size', 'headerBufferBytes', {
    within: SERVER_LEVELS,
    doc: 'first buffer for a request head',
  }),
  levelRow(
    'large_client_header_buffers',
    {
      within: SERVER_LEVELS,
      args: [2, 2],
      syntax: 'number size',
      doc: 'buffers for larger heads; one line must fit into one buffer',
    },
    (directive, scope, reading) => {
      const count = readCount(directive.args[0]!, directive, reading)
      const bytes = readSize(directive.args[1]!, directive, reading)
      if (count === 0) reading.refuseValue(directive, directive.args[0]!, 'at least one is needed')
      else if (count !== null && bytes !== null) {
        scope.level.set('largeHeaderBuffers', { count, bytes }, statementOrigin(directive))
      }
    },
  ),
  timeRow('client_header_timeout', 'headerTimeoutMs', {
    within: SERVER_LEVELS,
    doc: 'time for a whole request head',
  }),
  offsetRow('client_max_body_size', 'bodyBytesMax', {
    doc: 'largest request body; 0 is no limit',
  }),
  sizeRow('client_body_buffer_size', 'bodyBufferBytes', {
    doc: 'memory for a request body; what is longer goes to a temporary file',
  }),
  timeRow('client_body_timeout', 'bodyTimeoutMs', {
    doc: 'time between two reads of a request body',
  }),
  directoryRow('client_body_temp_path', 'bodyTempPath', {
    doc: 'directory of temporary files of request bodies; the levels are not used',
  }),
  choiceRow(
    'client_body_in_file_only',
    'bodyFile',
    { on: 'on', clean: 'clean', off: 'off' },
    {
      doc: 'whether a request body always becomes a file, which stays (`on`) or goes with the request',
    },
  ),
  timeRow('send_timeout', 'clientSendTimeoutMs', { doc: 'time between two writes to the client' }),
  levelRow(
    'keepalive_timeout',
    {
      args: [1, 2],
      syntax: 'timeout [header_timeout]',
      doc: 'how long an idle client connection stays; the second is what `Keep-Alive` says',
    },
    (directive, scope, reading) => {
      const [first, second] = directive.args
      const timeout = readTimeMs(first!, directive, reading)
      const header = second === undefined ? null : readTimeSeconds(second, directive, reading)
      const origin = statementOrigin(directive)
      if (timeout !== null) scope.level.set('keepaliveTimeoutMs', timeout, origin)
      if (header !== null) scope.level.set('keepaliveHeaderSeconds', header, origin)
    },
  ),
  countRow('keepalive_requests', 'keepaliveRequestsMax', {
    doc: 'requests that one client connection may carry',
  }),
  timeRow('keepalive_time', 'keepaliveAgeMaxMs', {
    doc: 'age at which a client connection closes after its response',
  }),
  timeRow('keepalive_min_timeout', 'keepaliveMinMs', {
    doc: 'how long an idle client connection is not closed for others, nor at a graceful end',
  }),
  levelRow(
    'keepalive_disable',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax: 'none | msie6 | safari …',
      doc: 'old browsers whose connections close after each response',
    },
    readKeepaliveDisable,
  ),
  countRow('max_headers', 'fieldsMax', {
    within: SERVER_LEVELS,
    doc: 'most field lines of one request',
  }),
  flagRow('reset_timedout_connection', 'resetsTimedOut', {
    doc: 'whether connections that took too long, and those of status 444, end with a reset',
  }),
  flagRow('chunked_transfer_encoding', 'sendsChunks', {
    doc: 'whether responses without a length are chunked; else the connection ends them',
  }),
  choiceRow(
    'lingering_close',
    'lingeringMode',
    { off: 'off', on: 'on', always: 'always' },
    { doc: 'whether what a client still sends is read before its connection closes' },
  ),
  timeRow('lingering_time', 'lingeringTimeMs', { doc: 'longest lingering' }),
  timeRow('lingering_timeout', 'lingeringTimeoutMs', { doc: 'lingering without any data' }),
  flagRow('underscores_in_headers', 'allowsUnderscores', {
    within: SERVER_LEVELS,
    doc: 'whether names of fields may have `_`',
  }),
  flagRow('ignore_invalid_headers', 'ignoresInvalidFields', {
    within: SERVER_LEVELS,
    doc: 'whether fields with invalid names are left out instead of refused',
  }),
]

const DISABLE_WORDS = ['none', ...OLD_BROWSERS]

function readKeepaliveDisable(directive: Directive, scope: LevelScope, reading: Reading): void {
  const found = new Set<OldBrowser>(scope.level.values.keepaliveDisable ?? [])
  for (const word of directive.args) {
    const text = word.text.toLowerCase()
    const browser = OLD_BROWSERS.find(known => known === text)
    if (browser !== undefined) found.add(browser)
    else if (text !== 'none') reading.refuseValue(directive, word, `write ${oneOf(DISABLE_WORDS)}`)
  }
  scope.level.set('keepaliveDisable', [...found], statementOrigin(directive))
}
