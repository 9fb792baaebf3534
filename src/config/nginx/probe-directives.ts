// `health_check` in a location, as in NGINX Plus for the group that its `proxy_pass` names, and, of
// our own, in `upstream`; and what belongs to probes there: who is told, and which peers are taken
// out by hand.

import type { Alerts } from '../../model/probe.ts'
import { type DirectiveRow, MANY, scopeRow, upstreamRow } from './directive-row.ts'
import { MATCH_DIRECTIVES } from './match-block.ts'
import { readProbeParameters } from './probe-parameters.ts'
import type { Reading } from './reading.ts'
import type { UpstreamScope } from './scope.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { parseTimeMs } from './values.ts'

const NGINX_SYNTAX =
  '[interval=time] [jitter=time] [fails=number] [passes=number] [uri=uri] [mandatory [persistent]] ' +
  '[match=name] [port=number] [keepalive_time=time]'

export const PROBE_DIRECTIVES: readonly DirectiveRow[] = [
  ...MATCH_DIRECTIVES,
  scopeRow(
    'health_check',
    {
      within: ['location', 'upstream'],
      args: [0, MANY],
      isRepeatable: true,
      syntax: NGINX_SYNTAX,
      doc:
        'asks each peer of the group again and again, and sends it no requests while it does not ' +
        'answer well; in `upstream`, and with more parameters, not of nginx ([health.md](health.md))',
    },
    (directive, scope, reading) => {
      const probe = readProbeParameters(directive, reading)
      if (probe !== null) scope.probes.push(probe)
    },
  ),
  upstreamRow(
    'alert',
    {
      args: [1, MANY],
      syntax:
        '[command=file] [webhook=url] [mail=address] … [from=address] [smtp=host[:port]] ' +
        '[repeat=time]',
      doc: 'who is told when a peer goes down or comes back (not of nginx)',
    },
    readAlert,
  ),
  upstreamRow(
    'maintenance_dir',
    {
      syntax: 'path',
      doc:
        'a file in it that is called like a peer (`10.0.0.1:80`, `10.0.0.1`, `host:80`, `host`) ' +
        'takes the peer out at once (not of nginx)',
    },
    (directive, scope, reading) => {
      scope.maintenancePath = reading.underPrefix(directive.args[0]!.text)
      scope.origins.maintenancePath = statementOrigin(directive)
    },
  ),
]

type Draft = { -readonly [K in keyof Alerts]: Alerts[K] }

interface AlertParameter {
  /** False = not such a value. */
  readonly read: (value: string, draft: Draft, reading: Reading) => boolean
  readonly hint: string
}

const ALERT_PARAMETERS: ReadonlyMap<string, AlertParameter> = new Map<string, AlertParameter>([
  [
    'command',
    {
      hint: 'write a program: command=/usr/local/bin/tell',
      read: (value, draft, reading) => {
        draft.command = value.includes('/') ? reading.underPrefix(value) : value
        return value !== ''
      },
    },
  ],
  [
    'webhook',
    {
      hint: 'write a URL: webhook=https://example.com/hook',
      read: (value, draft) => {
        draft.webhook = value
        return /^https?:\/\/./.test(value)
      },
    },
  ],
  [
    'mail',
    {
      hint: 'write an address: mail=admin@example.com',
      read: (value, draft) => {
        const addresses = value.split(',').map(address => address.trim())
        draft.mailTo = [...draft.mailTo, ...addresses]
        return addresses.every(address => address !== '')
      },
    },
  ],
  [
    'from',
    {
      hint: 'write an address: from=headgate@example.com',
      read: (value, draft) => {
        draft.mailFrom = value
        return value !== ''
      },
    },
  ],
  [
    'smtp',
    {
      hint: 'write a server: smtp=mail.example.com:25',
      read: (value, draft) => {
        draft.smtp = value
        return value !== ''
      },
    },
  ],
  [
    'repeat',
    {
      hint: 'write a time: repeat=1h; 0 says it once',
      read: (value, draft) => {
        const ms = parseTimeMs(value)
        draft.repeatMs = ms ?? 0
        return ms !== null
      },
    },
  ],
])

function readAlert(directive: Directive, scope: UpstreamScope, reading: Reading): void {
  const draft: Draft = {
    command: null,
    webhook: null,
    mailTo: [],
    mailFrom: '',
    smtp: '',
    repeatMs: 0,
  }
  const seen = new Set<string>()
  for (const word of directive.args) {
    const [, name = '', value = ''] = /^([a-z]+)=(.*)$/s.exec(word.text) ?? []
    const parameter = ALERT_PARAMETERS.get(name)
    if (parameter === undefined) {
      const names = [...ALERT_PARAMETERS.keys()].map(known => `${known}=`)
      reading.refuseParameter(word, names)
    } else if (seen.has(name) && name !== 'mail') {
      reading.refuse(word, `duplicate parameter "${word.text}"`)
    } else if (!parameter.read(value, draft, reading)) {
      reading.refuse(word, `invalid parameter "${word.text}"`, parameter.hint)
    }
    seen.add(name)
  }
  scope.alerts = draft
  scope.origins.alerts = statementOrigin(directive)
}
