// Looks at all slots of a zone, some thousands at a time: who walks does something with those that it wanted, and rests
// in between if it shall. Slots change meanwhile; who does something reads the slot again.

import { WAY_MASK } from '../../zone/cache-layout.ts'
import { SlotRecord } from '../../zone/cache-slot.ts'
import type { CacheZone } from '../../zone/cache-zone.ts'

/** Most are a look at one cell. */
const SLOTS_AT_ONCE = 4_096

/** The slots in use that are wanted, in pieces that may be empty. @param isWanted must not keep the record */
export function* walkSlots(
  zone: CacheZone,
  isWanted: (record: SlotRecord, slot: number) => boolean,
): Generator<readonly number[], void> {
  const record = new SlotRecord()
  const { slotsEnd } = zone
  for (let from = 0; from < slotsEnd; from += SLOTS_AT_ONCE) {
    const found: number[] = []
    const end = Math.min(from + SLOTS_AT_ONCE, slotsEnd)
    for (let slot = from; slot < end; slot++) {
      // The way before the first one is the bucket's own line.
      if ((slot & WAY_MASK) === 0) continue
      if (zone.read(slot, record) && isWanted(record, slot)) found.push(slot)
    }
    yield found
  }
}
