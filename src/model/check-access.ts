// What is meant to keep people out and does not.

import type { Report } from './check.ts'
import type { Origin } from './origin.ts'
import type { Location, Server } from './route.ts'

/**
 * Warns of a password that nobody is asked for, because no file says which would be right. A server whose locations
 * name one has its reason.
 */
export function checkAccess(level: Server | Location, origin: Origin | null, report: Report): void {
  const { realm, usersPath } = level.settings.access
  if (realm === null || usersPath !== null || level.locations.length > 0) return
  const problem = 'A password is asked for nowhere here: there is no file of users'
  const hint = 'write auth_basic_user_file (in YAML: users_file), or switch it off'
  report('warning', problem, origin ?? level.origin, hint)
}
