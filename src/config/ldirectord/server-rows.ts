// The directives that say who answers and how requests are shared out: reals, fallbacks, the
// scheduler, the persistence of clients, and what the kernel alone could do.

import { parseNetmask } from '../netmask.ts'
import { noticeOf, type Rows } from './directive-row.ts'
import { FALLBACK, REAL } from './real-line.ts'
import { SCHEDULERS, type Scheduler, UNEQUALLED } from './schedulers.ts'
import { count, mapped, oneOf, refuseWord, text, type ValueKind, YES_NO } from './value-kinds.ts'

const BOTH = ['global', 'virtual'] as const
const VIRTUAL = ['virtual'] as const

const SCHEDULER: ValueKind<Scheduler> = {
  label: 'NAME',
  read(statement, reading) {
    const name = statement.value ?? ''
    const found = SCHEDULERS.get(name)
    if (found !== undefined) return found
    const instead = Object.hasOwn(UNEQUALLED, name) ? UNEQUALLED[name] : undefined
    if (instead === undefined) return refuseWord(statement, [...SCHEDULERS.keys()], reading)
    return reading.refuse(statement, `Cannot balance by "${name}": nothing here is equal`, instead)
  },
}

/** Bits of a network: dotted as a mask of IPv4, or a number of bits. */
const NETMASK: ValueKind<number> = {
  label: 'W.X.Y.Z | BITS',
  read(statement, reading) {
    const value = statement.value ?? ''
    const bits = parseNetmask(value, value.includes('.') ? 32 : 128)
    if (bits !== null) return bits
    const problem = `Cannot use "${value}" as a netmask: wants one such as 255.255.255.0`
    return reading.refuse(statement, problem, 'or for IPv6 a number of bits from 1 to 128')
  },
}

const NO_DATAGRAMS = 'Without effect: there are no datagrams here'
const NO_KERNEL_FLAGS = 'Without effect: flags of the kernel’s schedulers'

export const SERVER_ROWS: Rows<
  | 'fallback'
  | 'fallback6'
  | 'fallbackcommand'
  | 'netmask'
  | 'ops'
  | 'persistent'
  | 'protocol'
  | 'quiescent'
  | 'readdquiescent'
  | 'real'
  | 'real6'
  | 'scheduler'
  | 'schedflags'
> = {
  real: {
    scopes: VIRTUAL,
    kind: REAL,
    standard: 'at least one',
    effect: 'works',
    doc:
      'A server, or a range of them. Without a port it has that of the virtual server. The three ' +
      'ways to forward are one here: requests are passed on, and answers come back through us. ' +
      'Weight 0 keeps what is bound to it and gets nothing new. A request and an answer of its ' +
      'own replace those of the section. `u:` is the number of connections that it takes at ' +
      'most, `l:` is without effect',
    join: (before, now) => [...before, ...now],
  },
  real6: {
    scopes: VIRTUAL,
    kind: REAL,
    standard: 'at least one',
    effect: 'works',
    doc: 'The same below `virtual6`: `[2001:db8::1]:80 masq`',
    join: (before, now) => [...before, ...now],
  },
  fallback: {
    scopes: BOTH,
    kind: FALLBACK,
    standard: 'none: 502',
    effect: 'works',
    doc:
      'Who answers when all reals are out. Without a port it has that of the virtual server. It ' +
      'is not checked',
  },
  fallback6: {
    scopes: BOTH,
    kind: FALLBACK,
    standard: 'none: 502',
    effect: 'works',
    doc: 'The same for `virtual6`',
  },
  fallbackcommand: {
    scopes: BOTH,
    kind: mapped(text('"PROGRAM"'), (value, _statement, reading) => reading.program(value)),
    standard: 'none',
    effect: 'works',
    doc:
      'Program that is run as `PROGRAM start VIRTUAL:PORT tcp` when the last real goes out and ' +
      'with `stop` when the first is back; words of its own may stand behind it. Without a ' +
      '`fallback` clients get 503 in between',
  },
  scheduler: {
    scopes: VIRTUAL,
    kind: SCHEDULER,
    standard: 'wrr',
    effect: 'works',
    doc: 'How a real is chosen for a request: see below',
    remark: ({ name, doc }, statement, reading) => {
      reading.note(reading.place(statement), `Scheduler ${name} is done as ${doc}`)
    },
  },
  persistent: {
    scopes: VIRTUAL,
    kind: count('SECONDS', 1, 31_536_000),
    standard: 'off',
    effect: 'works',
    doc: 'A client keeps its real until it has sent nothing for so long',
  },
  netmask: {
    scopes: VIRTUAL,
    kind: NETMASK,
    standard: '255.255.255.255, or 128',
    effect: 'works',
    doc: 'With `persistent`: clients of one network so large share a real',
  },
  quiescent: {
    scopes: BOTH,
    kind: YES_NO,
    standard: 'no',
    effect: 'works',
    doc:
      'With `persistent`: yes = clients that are bound to a real stay with it when it is out; ' +
      'no = they go elsewhere. (The manual page calls yes the default; the program has no.)',
  },
  readdquiescent: {
    scopes: ['global'],
    kind: YES_NO,
    standard: 'no',
    effect: 'none',
    doc: 'Without effect: there is no table beside this program that others change',
    remark: noticeOf(
      value => value,
      'Without effect: there is no table beside this program that others change',
    ),
  },
  protocol: {
    scopes: VIRTUAL,
    kind: oneOf(['tcp', 'udp', 'fwm']),
    standard: 'tcp',
    effect: 'works',
    doc: '`tcp`; `udp` and `fwm` are errors',
  },
  ops: {
    scopes: VIRTUAL,
    kind: YES_NO,
    standard: 'no',
    effect: 'none',
    doc: NO_DATAGRAMS,
    remark: noticeOf(value => value, NO_DATAGRAMS),
  },
  schedflags: {
    scopes: VIRTUAL,
    kind: mapped(text('FLAGS'), value => value),
    standard: '',
    effect: 'none',
    doc: NO_KERNEL_FLAGS,
    remark: noticeOf(() => true, NO_KERNEL_FLAGS),
  },
}
