// What `convert` leaves out of a configuration although it holds: where nginx stands by itself, in the
// background with its number in a file, is not said by a file that is silent about it. Written out it
// would bind the YAML to a directory `logs` that nobody has asked for.

import type { Config } from '../model/config.ts'

/** The same configuration in the foreground and without a pid file, unless it says where it stands. */
export function withoutUnsaidPlace(config: Config): Config {
  const { process } = config
  const { origins = {}, isDaemon, pidPath } = process
  return {
    ...config,
    process: {
      ...process,
      isDaemon: origins.isDaemon !== undefined && isDaemon,
      pidPath: origins.pidPath === undefined ? '' : pidPath,
    },
  }
}
