// Variables that name files: where the location's root is, and which file the request stands for.

import { realpathSync } from 'node:fs' // hot-path: $realpath_root, for those who ask for it
import type { FileSettings } from '../model/settings.ts'
import type { Exchange } from './exchange.ts'
import { type CompileTemplate, FilePaths } from './file-path.ts'
import type { VariableTable } from './variable.ts'

/** Makes the variables; `compile` is handed in, because a root may itself name variables. */
export function fileVariables(compile: CompileTemplate): VariableTable {
  // By settings: locations that change nothing share the object.
  const known = new WeakMap<FileSettings, FilePaths>()
  const pathsOf = (exchange: Exchange): FilePaths => {
    const { files } = (exchange.location ?? exchange.server.fallback).settings
    let paths = known.get(files)
    if (paths === undefined) {
      paths = new FilePaths(files, compile)
      known.set(files, paths)
    }
    return paths
  }
  return {
    document_root: exchange => pathsOf(exchange).root(exchange),
    realpath_root: exchange => realPath(pathsOf(exchange).root(exchange)),
    request_filename: exchange => pathsOf(exchange).file(exchange, exchange.uri),
  }
}

function realPath(path: string): string | null {
  try {
    return realpathSync.native(Buffer.from(path, 'latin1'), 'latin1')
  } catch {
    // Missing, or not ours to read: then there is no such path, as in nginx.
    return null
  }
}
