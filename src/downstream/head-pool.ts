// Request heads to be used again: a connection holds one only while a request is in hand, so that idle connections cost
// next to nothing.

import { RequestHead } from '../http/request-parser.ts'

const SPARE_HEADS_MAX = 1_024
const spareHeads: RequestHead[] = []

/** A head to parse into. */
export function takeHead(): RequestHead {
  return spareHeads.pop() ?? new RequestHead()
}

/** Gives a head back; nobody may look at it any more. */
export function giveHead(head: RequestHead): void {
  if (spareHeads.length >= SPARE_HEADS_MAX) return
  head.reset()
  spareHeads.push(head)
}
