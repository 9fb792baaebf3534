// `autoindex`: a directory without an index is answered with the list of what is in it. Names that begin with a dot stay out.

import { lstat, readdir, type Stats, stat } from 'node:fs' // hot-path: serving files

import { systemErrorCode } from '../base/system-error.ts'
import type { FileSettings } from '../model/settings.ts'
import { formatList, LIST_TYPES, type ListedEntry, sortEntries } from './autoindex-format.ts'
import type { Exchange } from './exchange.ts'

/** A list that is ready, with its type. */
export interface DirectoryList {
  readonly type: string
  readonly text: string
}

/**
 * Lists what is in a directory, one file after the other: it must not take all threads from other requests.
 *
 * @param callback JSONP's function; empty = none
 */
export function listDirectory(
  exchange: Exchange,
  path: string,
  files: FileSettings,
  callback: string,
  onList: (error: Error | null, list: DirectoryList) => void,
): void {
  const { autoindexFormat } = files
  const format = autoindexFormat === 'jsonp' && callback === '' ? 'json' : autoindexFormat
  const empty: DirectoryList = { type: LIST_TYPES[format], text: '' }
  readdir(Buffer.from(path, 'latin1'), { encoding: 'latin1' }, (error, names) => {
    if (error !== null) {
      onList(error, empty)
      return
    }
    const shown = names.filter(name => !name.startsWith('.'))
    lookAtAll(path, shown, (failure, entries) => {
      if (failure !== null) {
        onList(failure, empty)
        return
      }
      const seconds = exchange.snapshot.services.clock.wallSeconds
      const text = formatList(sortEntries(entries), format, {
        uri: exchange.uri,
        isExact: files.autoindexExact,
        offsetSeconds: files.autoindexLocal ? offsetAt(seconds) : 0,
        callback,
      })
      onList(null, { ...empty, text })
    })
  })
}

/** The value of `callback`, for JSONP; empty where there is none. */
export function callbackOf({ args }: Exchange): string {
  return /(?:^|&)callback=([^&]*)/i.exec(args)?.[1] ?? ''
}

function offsetAt(seconds: number): number {
  return -60 * new Date(seconds * 1000).getTimezoneOffset()
}

function lookAtAll(
  path: string,
  names: readonly string[],
  onAll: (error: Error | null, entries: readonly ListedEntry[]) => void,
): void {
  const entries: ListedEntry[] = []
  const next = (index: number): void => {
    const name = names[index]
    if (name === undefined) {
      onAll(null, entries)
      return
    }
    lookAt(Buffer.from(`${path}/${name}`, 'latin1'), (error, stats) => {
      if (error === null) entries.push(entryOf(name, stats))
      else if (systemErrorCode(error) !== 'EACCES') {
        onAll(error, entries)
        return
      }
      next(index + 1)
    })
  }
  next(0)
}

/** A link that leads nowhere is listed as itself. */
function lookAt(path: Buffer, onLook: (error: Error | null, stats: Stats) => void): void {
  stat(path, (error, stats) => {
    const code = error === null ? '' : systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ELOOP') lstat(path, onLook)
    else onLook(error, stats)
  })
}

function entryOf(name: string, stats: Stats): ListedEntry {
  const kind = stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'other'
  return { name, kind, modified: Math.floor(stats.mtimeMs / 1000), size: stats.size }
}
