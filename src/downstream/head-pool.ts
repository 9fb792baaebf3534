// Request heads to be used again: a connection holds one only while a request is in hand, so that idle connections cost
// next to nothing.

import { RequestHead } from '../http/request-parser.ts'

const SPARE_HEADS_MAX = 1_024
const spareHeads: RequestHead[] = []

/** A head to parse into. */
export function takeHead(): RequestHead {
  return spareHeads.pop() ?? new RequestHead()
}

/** Connections that may keep the head of their last request, to know it again. */
const KEPT_HEADS_MAX = 1_024
let keptHeads = 0

/** Whether one more connection may keep a head; it says `forgetHead` when it does no longer. */
export function mayKeepHead(): boolean {
  if (keptHeads === KEPT_HEADS_MAX) return false
  keptHeads++
  return true
}

/** A kept head goes back. */
export function forgetHead(head: RequestHead): void {
  keptHeads--
  giveHead(head)
}

/** Gives a head back; nobody may look at it any more. */
export function giveHead(head: RequestHead): void {
  if (spareHeads.length >= SPARE_HEADS_MAX) return
  head.reset()
  spareHeads.push(head)
}
