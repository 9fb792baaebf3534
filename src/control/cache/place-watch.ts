// Whether the directory of a cache is where it should be: a disk that is unmounted takes it along, and what was stored is
// not there until it is back. Workers answer from the peers meanwhile.

import { statSync } from 'node:fs'

import { failedCallText } from '../../base/system-error.ts'
import type { CacheCare } from './cache-files.ts'

export class PlaceWatch {
  readonly #care: Pick<CacheCare, 'path' | 'zone' | 'log'>
  /** Which directory it was; empty = not known yet. */
  #place = ''

  constructor(care: Pick<CacheCare, 'path' | 'zone' | 'log'>) {
    this.#care = care
  }

  /** Looks once, and says what has changed. @returns whether there are other files than a moment ago */
  look(): boolean {
    const { path, zone, log } = this.#care
    const wasGone = zone.isGone
    let place = ''
    try {
      const { dev, ino } = statSync(path.path)
      place = `${dev}:${ino}`
    } catch (error) {
      zone.isGone = true
      const text = `${failedCallText(error, path.path)}, nothing is stored until it is back`
      if (!wasGone) log('crit', `cache "${path.name}": ${text}`)
      return false
    }
    const isOther = this.#place !== '' && place !== this.#place
    this.#place = place
    if (wasGone) {
      zone.isGone = false
      log('notice', `cache "${path.name}": its directory is back`)
    } else if (isOther) {
      log('warn', `cache "${path.name}": another directory is in the place of its own`)
    }
    return wasGone || isOther
  }
}
