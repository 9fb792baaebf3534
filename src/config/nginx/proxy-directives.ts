// The `proxy_*` directives but `proxy_pass`: how peers are spoken to, waited for and tried again.
// Meanings and defaults: http://nginx.org/en/docs/http/ngx_http_proxy_module.html

import type { DirectiveRow, LevelScope } from './directive-row.ts'
import {
  choiceRow,
  directoryRow,
  flagRow,
  levelRow,
  readCount,
  readSize,
  sizeRow,
  timeRow,
} from './level-rows.ts'
import type { Reading } from './reading.ts'
import { checkField } from './response-directives.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'

export const PROXY_DIRECTIVES: readonly DirectiveRow[] = [
  choiceRow(
    'proxy_http_version',
    'httpVersion',
    { '1.0': '1.0', '1.1': '1.1' },
    { doc: 'protocol version towards peers' },
  ),
  levelRow(
    'proxy_set_header',
    {
      args: [2, 2],
      isRepeatable: true,
      syntax: 'name value',
      doc:
        'sets a field towards peers, an empty value leaves it out; ' +
        'replaces the fields of the level above',
    },
    readSetHeader,
  ),
  levelRow(
    'proxy_hide_header',
    { isRepeatable: true, syntax: 'name', doc: 'keeps a field of peers from clients' },
    (directive, scope) => addName(directive, scope, 'hiddenFields'),
  ),
  levelRow(
    'proxy_pass_header',
    { isRepeatable: true, syntax: 'name', doc: 'passes a field that is hidden otherwise' },
    (directive, scope) => addName(directive, scope, 'passedFields'),
  ),
  flagRow('proxy_buffering', 'isBuffering', {
    doc: 'whether responses are taken as fast as peers send them',
  }),
  flagRow('proxy_request_buffering', 'isRequestBuffering', {
    doc: 'whether a request body is read whole before a peer gets it',
  }),
  sizeRow('proxy_buffer_size', 'bufferBytes', { doc: 'largest response head' }),
  levelRow(
    'proxy_buffers',
    { args: [2, 2], syntax: 'number size', doc: 'memory for one buffered response' },
    (directive, scope, reading) => {
      const [first, second] = directive.args
      const count = readCount(first!, directive, reading)
      const bytes = readSize(second!, directive, reading)
      if (count === null || bytes === null) return
      if (count < 2) reading.refuse(first!, 'there must be at least 2 "proxy_buffers"')
      else if (bytes === 0) reading.refuseValue(directive, second!, 'a buffer has a size')
      else scope.level.set('buffers', { count, bytes }, statementOrigin(directive))
    },
  ),
  sizeRow('proxy_busy_buffers_size', 'busyBuffersBytes', {
    doc: 'part of it that may wait for the client',
  }),
  sizeRow('proxy_max_temp_file_size', 'tempFileBytesMax', {
    doc: 'largest temporary file of one response; 0 is none',
  }),
  sizeRow('proxy_temp_file_write_size', 'tempFileWriteBytes', {
    doc: 'bytes of one write to a temporary file',
  }),
  directoryRow('proxy_temp_path', 'tempPath', {
    doc: 'directory of temporary files of responses; the levels are not used',
  }),
  timeRow('proxy_connect_timeout', 'connectTimeoutMs', { doc: 'time to connect to a peer' }),
  timeRow('proxy_send_timeout', 'proxySendTimeoutMs', { doc: 'time between two writes to a peer' }),
  timeRow('proxy_read_timeout', 'readTimeoutMs', { doc: 'time between two reads from a peer' }),
  flagRow('proxy_ignore_client_abort', 'ignoresClientAbort', {
    doc: 'whether a peer is waited for when the client has gone',
  }),
  flagRow('proxy_intercept_errors', 'interceptsErrors', {
    doc: 'whether `error_page` also holds for statuses of peers',
  }),
  flagRow('proxy_pass_trailers', 'passesTrailers', {
    doc: 'whether trailers of peers reach clients',
  }),
]

function readSetHeader(directive: Directive, scope: LevelScope, reading: Reading): void {
  const [name, value] = directive.args
  if (!checkField(name!, value!, reading)) return
  const field = { name: name!.text, value: parseTemplate(value!, reading) }
  const before = scope.level.values.setFields ?? []
  scope.level.set('setFields', [...before, field], statementOrigin(directive))
}

function addName(
  directive: Directive,
  scope: LevelScope,
  key: 'hiddenFields' | 'passedFields',
): void {
  const before = scope.level.values[key] ?? []
  const name = directive.args[0]!.text.toLowerCase()
  scope.level.set(key, [...before, name], statementOrigin(directive))
}
