// What the lines of an ldirectord.cf said, before anything is made of it: by directive, each value
// with its place. The same names stand at the margin and in sections; the table says which may
// stand where.

import type { Origin } from '../../model/origin.ts'
import type { RealLine } from './real-line.ts'
import type { Scheduler } from './schedulers.ts'
import type { ServerAddress } from './server-address.ts'
import type { TextPart } from './value-kinds.ts'

/** What is checked how (ldirectord: `checktype`). */
export type CheckType =
  | { readonly kind: 'connect' | 'external' | 'negotiate' | 'off' | 'on' | 'ping' }
  | { readonly kind: 'combined'; readonly connects: number }

/** The value of each directive. */
export interface Values {
  autoreload: boolean
  callback: string
  checkcommand: string
  checkcount: number
  checkinterval: number
  checkport: number
  checktimeout: number
  checktype: CheckType
  cleanstop: boolean
  comment: string
  connecttimeout: never
  database: string
  emailalert: readonly string[]
  emailalertfreq: number
  emailalertfrom: string
  /** Whether mails are sent of what happens while it runs. */
  emailalertstatus: boolean
  execute: string
  failurecount: number
  fallback: ServerAddress
  fallback6: ServerAddress
  fallbackcommand: string
  fork: boolean
  httpmethod: string
  load: string
  logfile: string
  login: string
  maintenancedir: string
  monitorfile: string
  negotiatetimeout: number
  netmask: number
  ops: boolean
  passwd: string
  persistent: number
  protocol: string
  quiescent: boolean
  readdquiescent: boolean
  real: readonly RealLine[]
  real6: readonly RealLine[]
  receive: TextPart
  request: string
  scheduler: Scheduler
  schedflags: string
  secret: string
  service: string
  servicename: string
  smtp: string
  supervised: boolean
  timeout: never
  virtualhost: string
}

export type DirectiveName = keyof Values

/** A value and where it was written. */
export interface Written<T> {
  readonly value: T
  readonly origin: Origin
}

export type Draft = { [K in DirectiveName]?: Written<Values[K]> }

/** A section, read. */
export interface VirtualDraft {
  readonly host: string
  readonly port: number
  /** Of the address; the section's own place too. */
  readonly origin: Origin
  readonly values: Draft
  /** Lines about reals stand there, be they good or not. */
  readonly hasReals: boolean
}

/** The value in the section, else the one at the margin, else the default. */
export function settled<K extends DirectiveName, T>(
  name: K,
  drafts: readonly Draft[],
  standard: T,
): Values[K] | T {
  for (const draft of drafts) {
    const written = draft[name]
    if (written !== undefined) return written.value
  }
  return standard
}
