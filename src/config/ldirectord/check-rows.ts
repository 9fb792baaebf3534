// The directives that say how reals are checked: how often, for how long, by what question, and
// what the answer must hold.

import { noticeOf, type Rows } from './directive-row.ts'
import type { CheckType } from './draft.ts'
import { SERVICES } from './services.ts'
import {
  count,
  mapped,
  oneOf,
  quoted,
  refuseWord,
  type TextPart,
  text,
  type ValueKind,
} from './value-kinds.ts'

/** Longer than a day is a slip. */
const SECONDS_MAX = 86_400
const COUNT_MAX = 1000

const SECONDS = count('SECONDS', 1, SECONDS_MAX)
const COUNT = count('N', 1, COUNT_MAX)
const BOTH = ['global', 'virtual'] as const
const VIRTUAL = ['virtual'] as const

const CHECK_TYPES = [
  'connect',
  'external',
  'external-perl',
  'negotiate',
  'off',
  'on',
  'ping',
] as const

const CHECK_TYPE: ValueKind<CheckType> = {
  label: 'connect | external | external-perl | negotiate | off | on | ping | N',
  read(statement, reading) {
    const value = statement.value ?? ''
    if (/^\d+$/.test(value)) {
      const connects = Number(value)
      return connects === 0 ? { kind: 'negotiate' } : { kind: 'combined', connects }
    }
    const kind = CHECK_TYPES.find(type => type === value)
    if (kind === undefined) return refuseWord(statement, [...CHECK_TYPES, 'a number'], reading)
    if (kind !== 'external-perl') return { kind }
    const hint =
      'checktype=external runs the same script as a program: put "#!/usr/bin/perl" on top'
    return reading.refuse(statement, 'Cannot run Perl inside of this program', hint)
  },
}

const TEXT = (what: string) => mapped(quoted(what), ({ text: inner }: TextPart) => inner)

const UNUSED_LOGIN = 'Not used: no check that works here logs in'

export const CHECK_ROWS: Rows<
  | 'checkcommand'
  | 'checkcount'
  | 'checkinterval'
  | 'checkport'
  | 'checktimeout'
  | 'checktype'
  | 'database'
  | 'failurecount'
  | 'httpmethod'
  | 'login'
  | 'negotiatetimeout'
  | 'passwd'
  | 'receive'
  | 'request'
  | 'secret'
  | 'service'
  | 'virtualhost'
> = {
  checktimeout: {
    scopes: BOTH,
    kind: SECONDS,
    standard: '`negotiatetimeout`, else 5',
    effect: 'works',
    doc: 'Time of one check of type connect, external or ping, all in all',
  },
  negotiatetimeout: {
    scopes: BOTH,
    kind: SECONDS,
    standard: '`checktimeout`, else 30',
    effect: 'works',
    doc: 'Time of one check of type negotiate: connecting, asking, the last byte',
  },
  checkinterval: {
    scopes: BOTH,
    kind: SECONDS,
    standard: '10',
    effect: 'works',
    doc:
      'From the start of one check of a real to that of the next. No check waits for another, so ' +
      'the time that other reals take does not add. In a section only with `fork=yes`, as there',
  },
  checkcount: {
    scopes: BOTH,
    kind: COUNT,
    standard: '1',
    effect: 'works',
    doc: 'Tries of a check of type ping; no other check heeds it',
  },
  failurecount: {
    scopes: BOTH,
    kind: COUNT,
    standard: '1',
    effect: 'works',
    doc: 'Bad checks in a row that take a real out; one good check brings it back',
  },
  checktype: {
    scopes: VIRTUAL,
    kind: CHECK_TYPE,
    standard: 'negotiate',
    effect: 'works',
    doc:
      'What a check is: a connection; a program; a question and its answer; nothing and always ' +
      'out; nothing and always in; ICMP by the machine’s `ping`; or so many connections, then ' +
      'one question. `external-perl` is an error: `external` runs the same script',
  },
  service: {
    scopes: VIRTUAL,
    kind: oneOf([...SERVICES.keys()]),
    standard: 'by the port of the virtual server',
    effect: 'works',
    doc: 'The protocol of the question: see below',
  },
  checkcommand: {
    scopes: VIRTUAL,
    kind: text('"PROGRAM"'),
    standard: '/bin/true',
    effect: 'works',
    doc:
      'Program of a check of type external. It gets four arguments: address and port of the ' +
      'virtual server, address and port of the real, and the environment of this process; exit ' +
      'code 0 is good',
    remark: (value, statement, reading) => {
      if (!/\s/.test(value)) return
      const hint = 'to give it arguments write a script that does'
      reading.warn(statement, `All of "${value}" is one path: blanks are part of it`, hint)
    },
  },
  checkport: {
    scopes: VIRTUAL,
    kind: count('PORT', 1, 65_535),
    standard: 'that of the real',
    effect: 'works',
    doc:
      'Port that is checked in place of the real’s; a program of `external` is told the real’s ' +
      'all the same',
  },
  request: {
    scopes: VIRTUAL,
    kind: TEXT('index.html'),
    standard: '/',
    effect: 'works',
    doc: 'What is asked for: a path, whose first `/` may be left out; for `simpletcp` what is sent',
  },
  receive: {
    scopes: VIRTUAL,
    kind: quoted('REGEX'),
    standard: 'any answer that is a success',
    effect: 'works',
    doc:
      'A Perl regex that must match somewhere in the answer, upper and lower case told apart; ' +
      'the first 256 KiB of a body are looked at',
  },
  httpmethod: {
    scopes: VIRTUAL,
    kind: {
      label: 'GET | HEAD',
      read: (statement, reading) => {
        const method = (statement.value ?? '').toUpperCase()
        if (method === 'GET' || method === 'HEAD') return method
        return refuseWord(statement, ['GET', 'HEAD'], reading)
      },
    },
    standard: 'GET',
    effect: 'works',
    doc: 'Method of the question',
  },
  virtualhost: {
    scopes: VIRTUAL,
    kind: mapped(text('"NAME"'), (value, statement, reading) => {
      if (/^[\x21-\x7e]+$/.test(value)) return value
      return reading.refuse(statement, `Cannot use "${value}" as a Host`, 'write a name')
    }),
    standard: 'address of the real, without its port',
    effect: 'works',
    doc: 'The `Host` of the question',
  },
  login: {
    scopes: VIRTUAL,
    kind: TEXT('USER'),
    standard: '',
    effect: 'none',
    doc: `${UNUSED_LOGIN}; with \`service\` imap or pop it is an error`,
    remark: noticeOf(() => true, UNUSED_LOGIN),
  },
  passwd: {
    scopes: VIRTUAL,
    kind: TEXT('PASSWORD'),
    standard: '',
    effect: 'none',
    doc: UNUSED_LOGIN,
    remark: noticeOf(() => true, UNUSED_LOGIN),
  },
  database: {
    scopes: VIRTUAL,
    kind: TEXT('NAME'),
    standard: '',
    effect: 'none',
    doc: 'Not used: no database is asked',
    remark: noticeOf(() => true, 'Not used: no database is asked'),
  },
  secret: {
    scopes: VIRTUAL,
    kind: TEXT('SECRET'),
    standard: '',
    effect: 'none',
    doc: 'Not used: RADIUS is not asked',
    remark: noticeOf(() => true, 'Not used: RADIUS is not asked'),
  },
}
