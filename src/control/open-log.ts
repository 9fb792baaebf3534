// Opens what a configuration writes into before anything serves it: a log or a directory that cannot be had is found at
// the start and refuses a reload, not the first request.

import { ErrorLog } from '../base/error-log.ts'
import type { Config } from '../model/config.ts'
import { makeCacheDirectories } from './cache/cache-directories.ts'
import { makeLogDirectory } from './output-files.ts'
import { StartFailure } from './reload.ts'
import { makeTemporaryDirectories } from './temporary-directories.ts'

/**
 * Opens the error log of a configuration, and makes the directories that it writes into.
 *
 * Throws `StartFailure` when one of them cannot be had.
 */
export function openProcessLog(config: Config, prefix: string): ErrorLog {
  try {
    makeLogDirectory(config, prefix)
    // Those for temporary files may stand in them.
    makeCacheDirectories(config)
    makeTemporaryDirectories(config)
    return new ErrorLog(config.process.errorLogs)
  } catch (error) {
    throw new StartFailure((error as Error).message)
  }
}
