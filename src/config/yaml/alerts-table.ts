// `alerts` of an upstream: who is told, beside the log, when a peer goes down or comes back.

import type { Alerts } from '../../model/probe.ts'
import { list } from './collections.ts'
import { type Kind, nullable } from './kind.ts'
import { DURATION } from './measures.ts'
import { COMMAND } from './paths.ts'
import { record } from './record.ts'
import { group, type Row, rowsOf } from './row.ts'
import { freeText } from './words.ts'

const ADDRESS = freeText('mail address', 'a mail address such as admin@example.com')
const alertRow = rowsOf<Alerts>()

const MAIL_ROWS: readonly Row<Alerts>[] = [
  alertRow('to', 'mailTo', list(ADDRESS), { doc: 'Who gets a mail' }),
  alertRow('from', 'mailFrom', freeText('mail address', 'a mail address', true), {
    doc: 'Who it comes from; without, who we run as',
  }),
  alertRow('smtp', 'smtp', freeText('host, host:port', 'a server such as mail.example.com', true), {
    doc: 'The server that takes it; without, the machine’s `sendmail`',
  }),
]

/** A mapping of the ways to tell; several may stand in it. */
export const ALERTS: Kind<Alerts> = record<Alerts>({
  label: 'mapping',
  wanted: 'a mapping such as { webhook: "https://example.com/hook" }',
  place: 'in "alerts"',
  rows: [
    alertRow('command', 'command', nullable(COMMAND), {
      doc: 'A program, run with PEER, UPSTREAM, STATE and WHY in its environment',
    }),
    alertRow('webhook', 'webhook', nullable(freeText('URL', 'a URL')), {
      doc: 'A URL that gets the transition as JSON by POST',
    }),
    group('mail', MAIL_ROWS, { doc: 'Mail' }),
    alertRow('repeat', 'repeatMs', DURATION, {
      doc: 'Say it again while a peer stays down; 0 says it once',
    }),
  ],
  blank: () => ({
    command: null,
    webhook: null,
    mailTo: [],
    mailFrom: '',
    smtp: '',
    repeatMs: 0,
  }),
})
