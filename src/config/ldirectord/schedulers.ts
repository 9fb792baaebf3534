// The schedulers of the kernel's virtual server (ipvsadm(8), `-s`), each with the balancing method
// that does here what it did there. ldirectord hands any word on to the kernel; a word that the
// kernel has no scheduler for never balanced anything.

import type { Template } from '../../model/template.ts'
import { type Method, ROUND_ROBIN } from '../../model/upstream.ts'

export interface Scheduler {
  readonly name: string
  readonly method: Method
  /** Whether the weights of the reals count. */
  readonly isWeighted: boolean
  /** The method in words. */
  readonly doc: string
}

const CLIENT: Template = [{ variable: 'remote_addr' }]
const PAGE: Template = [{ variable: 'host' }, { variable: 'request_uri' }]
const LEAST_CONN: Method = { kind: 'least_conn' }

/** Load in percent of the fair share above which a page goes on to the next real. */
const BOUND_PERCENT = 150
const BOUNDED = `consistent hash of host and path, at most ${BOUND_PERCENT} % of the fair share`

/** Every scheduler that works, by name. */
export const SCHEDULERS: ReadonlyMap<string, Scheduler> = new Map(
  [
    row('rr', ROUND_ROBIN, false, 'round robin, weights not counted'),
    row('wrr', ROUND_ROBIN, true, 'round robin by weight'),
    row('lc', LEAST_CONN, false, 'least connections, weights not counted'),
    row('wlc', LEAST_CONN, true, 'least connections by weight'),
    row('sed', LEAST_CONN, true, 'least connections by weight'),
    row('nq', LEAST_CONN, true, 'least connections by weight: who is idle comes first'),
    row('sh', hash(CLIENT, 'ketama', null), true, "consistent hash of the client's address"),
    row('mh', hash(CLIENT, 'maglev', null), true, "Maglev hash of the client's address"),
    row('dh', hash(PAGE, 'ketama', null), true, 'consistent hash of host and path'),
    row('lblc', hash(PAGE, 'ketama', BOUND_PERCENT), true, BOUNDED),
    row('lblcr', hash(PAGE, 'ketama', BOUND_PERCENT), true, BOUNDED),
    row(
      'twos',
      { kind: 'random', isTwo: true, by: 'least_conn' },
      true,
      'the better of two chosen by chance',
    ),
  ].map(scheduler => [scheduler.name, scheduler]),
)

/** What holds where none is written. */
export const STANDARD_SCHEDULER: Scheduler = SCHEDULERS.get('wrr')!

/** Schedulers of the kernel that have no equal here, with what comes near. */
export const UNEQUALLED: Readonly<Record<string, string>> = {
  fo: 'the real of the greatest weight gets all: write the others as a group of backups in YAML',
  ovf: 'wlc comes near: it fills all reals evenly, not one after the other',
}

function row(name: string, method: Method, isWeighted: boolean, doc: string): Scheduler {
  return { name, method, isWeighted, doc }
}

function hash(
  key: Template,
  placement: 'ketama' | 'maglev',
  boundedPercent: number | null,
): Method {
  return { kind: 'hash', key, placement, boundedPercent }
}
