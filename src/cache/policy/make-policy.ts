// The door to both sets of caching rules.

import { unreachable } from '../../base/assert.ts'
import type { CacheSettings } from '../../model/cache.ts'
import type { ProxySettings } from '../../model/proxy-settings.ts'
import { NginxPolicy } from './nginx-policy.ts'
import type { CachePolicy } from './policy.ts'
import { makeStandardPolicy, STANDARD_OPTIONS } from './standard-policy.ts'

/** The rules of one location. */
export function makePolicy(
  { ignoreFields, isBuffering }: Pick<ProxySettings, 'ignoreFields' | 'isBuffering'>,
  settings: CacheSettings,
): CachePolicy {
  switch (settings.mode) {
    case 'nginx':
      return new NginxPolicy({ ...settings, ignoreFields, isBuffering })
    case 'standard':
      return makeStandardPolicy({
        ...STANDARD_OPTIONS,
        useStale: settings.useStale,
      })
    default:
      return unreachable(settings.mode)
  }
}
