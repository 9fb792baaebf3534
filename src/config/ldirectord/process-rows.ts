// The directives about the program itself: its log, the file that it is configured by, who gets
// mail, and what is of no concern to a program that is no kernel's director.

import { statSync } from 'node:fs'

import { deprecated, noticeOf, type Rows } from './directive-row.ts'
import type { Statement } from './lines.ts'
import type { Reading } from './reading.ts'
import { count, mapped, quoted, text, type ValueKind, YES_NO } from './value-kinds.ts'

const BOTH = ['global', 'virtual'] as const
const GLOBAL = ['global'] as const
const VIRTUAL = ['virtual'] as const

const FACILITIES = new Set(
  (
    'auth authpriv cron daemon ftp kern lpr mail news security syslog user uucp ' +
    'local0 local1 local2 local3 local4 local5 local6 local7'
  ).split(' '),
)

const STATES = ['starting', 'running', 'stopping', 'reloading'] as const

/** True when mails are sent while the program runs. */
const ALERT_STATUS: ValueKind<boolean> = {
  label: 'all | none | starting, running, stopping, reloading',
  read(statement, reading) {
    const words = (statement.value ?? '').split(',').map(word => word.trim())
    for (const word of words) {
      if (word === 'all' || word === 'none' || STATES.some(state => state === word)) continue
      const problem = `Cannot use "${word}": wants all, none, or some of ${STATES.join(', ')}`
      return reading.refuse(statement, problem)
    }
    if (words.includes('none') && words.some(word => word !== 'none')) {
      return reading.refuse(
        statement,
        '"none" stands alone',
        'leave it out, or leave out the others',
      )
    }
    return words.includes('all') || words.includes('running')
  },
}

const NO_SERVICE_TEXT = 'Without effect: mails name the virtual server by its address'

export const PROCESS_ROWS: Rows<
  | 'autoreload'
  | 'callback'
  | 'cleanstop'
  | 'comment'
  | 'connecttimeout'
  | 'emailalert'
  | 'emailalertfreq'
  | 'emailalertfrom'
  | 'emailalertstatus'
  | 'execute'
  | 'fork'
  | 'load'
  | 'logfile'
  | 'maintenancedir'
  | 'monitorfile'
  | 'servicename'
  | 'smtp'
  | 'supervised'
  | 'timeout'
> = {
  autoreload: {
    scopes: GLOBAL,
    kind: YES_NO,
    standard: 'no',
    effect: 'works',
    doc: 'Read the file again when it has changed; a bad one is named in the log and left alone',
  },
  callback: {
    scopes: GLOBAL,
    kind: mapped(quoted('PROGRAM'), (part, _statement, reading) => reading.program(part.text)),
    standard: 'none',
    effect: 'works',
    doc: 'Program that is run with the path of the file after it has changed, `autoreload` or not',
  },
  maintenancedir: {
    scopes: GLOBAL,
    kind: mapped(text('DIRECTORY'), (value, statement, reading) => {
      const path = reading.underPrefix(value)
      if (isDirectory(path)) return path
      const message = `There is no directory "${path}"`
      reading.warn(statement, message, 'reals go into maintenance by files in it')
      return path
    }),
    standard: 'none',
    effect: 'works',
    doc:
      'A file in it named after a real (`IP:PORT`, `IP`, `NAME:PORT`, `NAME`) takes it out as a ' +
      'bad check does: with `quiescent=yes` bound clients stay',
  },
  logfile: {
    scopes: GLOBAL,
    kind: mapped(quoted('PATH | FACILITY'), part => part.text),
    standard: 'standard error',
    effect: 'works',
    doc:
      'Where the log goes. The name of a syslog facility stands for standard error: what starts ' +
      'the program (systemd, a container) passes it on',
    remark: remarkLogFile,
  },
  supervised: {
    scopes: GLOBAL,
    kind: {
      label: 'yes | no',
      read: (statement, reading) => {
        if (statement.value === null) return true
        return YES_NO.read(statement, reading)
      },
    },
    standard: 'no',
    effect: 'works',
    doc: 'yes = the log goes to standard error. The program stays in the foreground in any case',
  },
  emailalert: {
    scopes: BOTH,
    kind: mapped(text('"ADDRESS, …"'), (value, statement, reading) => {
      const addresses = value.split(/[\s,]+/).filter(address => address !== '')
      const wrong = addresses.find(address => !isMailAddress(address))
      if (wrong === undefined) return addresses
      const hint = 'write addresses such as admin@example.com, with commas between them'
      return reading.refuse(statement, `Cannot use "${wrong}" as a mail address`, hint)
    }),
    standard: 'none',
    effect: 'works',
    doc: 'Who gets a mail when a real goes out or comes back',
  },
  emailalertfrom: {
    scopes: GLOBAL,
    kind: mapped(text('ADDRESS'), (value, statement, reading) => {
      const address = /<([^<>]+)>\s*$/.exec(value)?.[1] ?? value
      if (isMailAddress(address)) return address
      const hint = 'write an address such as alerts@example.com'
      return reading.refuse(statement, `Cannot use "${value}" as a mail address`, hint)
    }),
    standard: 'who we run as',
    effect: 'works',
    doc: 'The sender of these mails; a name beside the address is left out',
  },
  emailalertfreq: {
    scopes: BOTH,
    kind: count('SECONDS', 0, 31_536_000),
    standard: '0',
    effect: 'works',
    doc: 'The mail is sent again so often while a real stays out; 0 = never',
  },
  emailalertstatus: {
    scopes: BOTH,
    kind: ALERT_STATUS,
    standard: 'all',
    effect: 'works',
    doc: 'Mails are sent when `running` or `all` is among it',
  },
  smtp: {
    scopes: BOTH,
    kind: mapped(text('HOST'), (value, statement, reading) => {
      if (/^(?:\[[0-9a-f:]+\]|[0-9A-Za-z._+-]+)(?::\d{1,5})?$/i.test(value)) return value
      return reading.refuse(statement, `Cannot use "${value}" as a mail server`)
    }),
    standard: 'the machine’s `sendmail`',
    effect: 'works',
    doc: 'The server that takes the mails',
  },
  execute: {
    scopes: GLOBAL,
    kind: text('CONFIGURATION'),
    standard: '',
    effect: 'none',
    doc: 'Without effect: each configuration is a process, started by whoever starts this one',
    join: (_before, now) => now,
    remark: (value, statement, reading) => {
      const hint = `start another process: headgate run -c ${value}`
      reading.warn(statement, `Nothing is started for "${value}"`, hint)
    },
  },
  fork: {
    scopes: GLOBAL,
    kind: YES_NO,
    standard: 'no',
    effect: 'works',
    doc: 'yes = `checkinterval` counts in sections. Checks never wait for each other in any case',
  },
  cleanstop: {
    scopes: BOTH,
    kind: YES_NO,
    standard: 'yes',
    effect: 'none',
    doc: 'no is without effect: connections pass through this program and end with it',
    remark: noticeOf(
      value => !value,
      'Without effect: connections pass through this program and end with it',
      'to change the configuration without a stop, reload it',
    ),
  },
  monitorfile: {
    scopes: VIRTUAL,
    kind: text('"PATH"'),
    standard: '',
    effect: 'none',
    doc: 'Without effect: the log has each change, `headgate status` the last check of each real',
    remark: noticeOf(
      () => true,
      'Without effect: single checks are not written down',
      'the log has each change, "headgate status" the last check of each real',
    ),
  },
  servicename: {
    scopes: VIRTUAL,
    kind: text('NAME'),
    standard: '',
    effect: 'none',
    doc: NO_SERVICE_TEXT,
    remark: noticeOf(() => true, NO_SERVICE_TEXT),
  },
  comment: {
    scopes: VIRTUAL,
    kind: text('TEXT'),
    standard: '',
    effect: 'none',
    doc: NO_SERVICE_TEXT,
    remark: noticeOf(() => true, NO_SERVICE_TEXT),
  },
  load: {
    scopes: VIRTUAL,
    kind: mapped(quoted('TEXT'), part => part.text),
    standard: '',
    effect: 'none',
    doc: 'Without effect, as in ldirectord',
    remark: noticeOf(() => true, 'Without effect, as in ldirectord'),
  },
  timeout: {
    scopes: BOTH,
    kind: deprecated('checktimeout and negotiatetimeout'),
    standard: '',
    effect: 'refused',
    doc: 'An error, as in ldirectord: write `checktimeout` and `negotiatetimeout`',
  },
  connecttimeout: {
    scopes: BOTH,
    kind: deprecated('negotiatetimeout'),
    standard: '',
    effect: 'refused',
    doc: 'An error, as in ldirectord: write `negotiatetimeout`',
  },
}

function remarkLogFile(value: string, statement: Statement, reading: Reading): void {
  if (value.startsWith('/')) return
  if (FACILITIES.has(value)) {
    const message = `The log goes to standard error, not to the syslog facility ${value}`
    reading.note(reading.place(statement), message, 'systemd and containers pass it on')
    return
  }
  const message = `"${value}" is no syslog facility: the log goes to standard error`
  reading.warn(statement, message, 'a path begins with "/"')
}

function isMailAddress(text: string): boolean {
  return /^[^\s@<>,;"]+(?:@[^\s@<>,;"]+)?$/.test(text)
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
