// What peers are remembered by for the methods that measure: moving averages of how long they took,
// and how long the requests have waited that have no answer yet. Kept in the zone, written under
// the group's lock.

import { PEER, TIME_UNITS_PER_MS } from '../zone/layout.ts'

/** A measurement counts for one part in twenty, what was before for the rest (nginx 1.31). */
const NEW_PARTS = 20
/** Longer times count as this much: two hours. */
const TIME_MS_MAX = 7_200_000
/** After so long a peak counts for 1/e: half of it is forgotten after seven seconds. */
const PEAK_DECAY_MS = 10_000

/** Which average a measurement goes to. */
export type TimeCell = typeof PEER.headerTime | typeof PEER.responseTime

/** Adds a measurement to an average; the first one sets it. */
export function addTime(cells: Int32Array, line: number, cell: TimeCell, ms: number): void {
  const units = unitsOf(ms)
  const before = cells[line + cell]!
  const next = before === 0 ? units : before + Math.trunc((units - before) / NEW_PARTS)
  // Zero would mean that nothing was measured yet.
  cells[line + cell] = Math.max(1, next)
}

/** Adds a measurement to the average that follows peaks at once and forgets them with time. */
export function addPeak(cells: Int32Array, line: number, ms: number, atMs: number): void {
  const units = unitsOf(ms)
  const before = cells[line + PEER.responseTime]!
  const share = shareLeft((atMs - cells[line + PEER.timedAt]!) | 0)
  const next = units > before ? units : units + Math.round((before - units) * share)
  cells[line + PEER.responseTime] = Math.max(1, next)
  cells[line + PEER.timedAt] = atMs
}

/** The part of an old measurement that still counts after `elapsedMs`. */
export function shareLeft(elapsedMs: number): number {
  return elapsedMs <= 0 ? 1 : Math.exp(-elapsedMs / PEAK_DECAY_MS)
}

/** A request was sent; its time runs from now. */
export function beginWaiting(cells: Int32Array, line: number, atMs: number): void {
  const since = cells[line + PEER.waiting]! > 0 ? cells[line + PEER.timedAt]! : 0
  cells[line + PEER.timedAt] = (since + atMs) | 0
  cells[line + PEER.waiting] = Math.max(0, cells[line + PEER.waiting]!) + 1
}

/** The time of a request that was sent at `sentMs` has been measured, or will not be. */
export function endWaiting(cells: Int32Array, line: number, sentMs: number): void {
  const left = cells[line + PEER.waiting]! - 1
  cells[line + PEER.waiting] = Math.max(0, left)
  cells[line + PEER.timedAt] = left > 0 ? (cells[line + PEER.timedAt]! - sentMs) | 0 : 0
}

/** How long the requests that wait have waited on average, in milliseconds; 0 for none. */
export function waitingMs(cells: Int32Array, line: number, atMs: number): number {
  const count = cells[line + PEER.waiting]!
  if (count <= 0) return 0
  // Modulo 2^32 both sums are right, and so is their difference, which is small.
  const sum = (Math.imul(count, atMs) - cells[line + PEER.timedAt]!) | 0
  return sum <= 0 ? 0 : Math.trunc(sum / count)
}

function unitsOf(ms: number): number {
  return Math.min(Math.max(0, ms), TIME_MS_MAX) * TIME_UNITS_PER_MS
}
