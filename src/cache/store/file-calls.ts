// The calls to the file system that the store makes, in one place: tests put a full or broken disk behind them. The cache's
// files are what the disk does for a request; everything else of the hot path knows no files.

import * as fs from 'node:fs' // hot-path: stored responses are files

/** As of `node:fs`. */
export type FileCalls = Pick<
  typeof fs,
  | 'openSync'
  | 'fstatSync'
  | 'statSync'
  | 'readSync'
  | 'closeSync'
  | 'renameSync'
  | 'open'
  | 'fstat'
  | 'read'
  | 'readv'
  | 'write'
  | 'writev'
  | 'close'
  | 'rename'
  | 'unlink'
  | 'mkdir'
  | 'copyFile'
  | 'chmod'
  | 'utimes'
>

export const SYSTEM_FILES: FileCalls = fs

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants
/** A link is not followed, and nothing that only has the name of an entry is waited for. */
export const READ_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
/** The same, to change it. */
export const CHANGE_FLAGS = O_RDWR | O_NOFOLLOW | O_NONBLOCK
