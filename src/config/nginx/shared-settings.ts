// Levels that write the same under the same settings come to the same settings: one object for all of
// them. Configurations with thousands of servers are mostly repetition, and every worker gets a copy of
// the model, so this is what their loading time hangs on.

import type { Settings } from '../../model/settings.ts'
import type { Level } from './scope.ts'

export class SharedSettings {
  readonly #byAbove = new Map<Settings, Map<string, Settings>>()

  /**
   * The settings of a level.
   *
   * @param above those of the level around it: with it, everything that the level inherits is the same
   * @param build makes them; what it has to say of the level, the first such level hears
   */
  of(level: Level, above: Settings, build: () => Settings): Settings {
    // What this becomes depends on the location.
    if (level.values.redirects?.includes('default') === true) return build()
    const key = JSON.stringify(level.values)
    // What JSON has no word for is null there, and might be mistaken for another such value.
    if (key.includes(':null')) return build()
    const known = this.#byAbove.get(above)
    const found = known?.get(key)
    if (found !== undefined) return found
    const settings = build()
    if (known === undefined) this.#byAbove.set(above, new Map([[key, settings]]))
    else known.set(key, settings)
    return settings
  }
}
