// What peers are asked with in the place of what the client sent, and what of their interim answers and ranges reaches it.
// http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_method

import type { Template } from '../../model/template.ts'
import { type DirectiveRow, MANY } from './directive-row.ts'
import { flagRow, levelRow, valueRow } from './level-rows.ts'
import { parseTemplate } from './template-text.ts'
import { statementOrigin } from './tree.ts'

export const PEER_REQUEST_DIRECTIVES: readonly DirectiveRow[] = [
  valueRow(
    'proxy_method',
    'method',
    { syntax: 'method', doc: 'method that peers are asked with; may hold variables' },
    (word, _directive, reading) => parseTemplate(word, reading),
  ),
  valueRow(
    'proxy_set_body',
    'body',
    { syntax: 'value', doc: "what is sent to peers in the place of the client's body" },
    (word, _directive, reading) => parseTemplate(word, reading),
  ),
  flagRow('proxy_pass_request_headers', 'passesFields', {
    doc: "whether the client's fields go on to peers",
  }),
  flagRow('proxy_pass_request_body', 'passesBody', {
    doc: "whether the client's body goes on to peers; without it no Content-Length is sent either",
  }),
  flagRow('proxy_force_ranges', 'forcesRanges', {
    doc: 'whether parts of responses can be asked for whatever peers say of Accept-Ranges',
  }),
  levelRow(
    'early_hints',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax: 'string …',
      doc: 'conditions under which 103 of peers reaches clients: one neither empty nor 0',
    },
    (directive, scope, reading) => {
      const own: readonly Template[] = directive.args.map(word => parseTemplate(word, reading))
      const before = scope.level.values.earlyHints ?? []
      scope.level.set('earlyHints', [...before, ...own], statementOrigin(directive))
    },
  ),
]
