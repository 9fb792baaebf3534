// The directories for bodies that do not fit in memory. A directory that is missing is found at the start and by a
// check, not by the first large upload; as in nginx its last level is made, for nobody else, and the cache before it that
// it may stand in. A default that cannot be had gives way to the system's: whoever wrote nothing did not ask for it.

import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, resolve } from 'node:path'

import { callFailedText, systemErrorCode } from '../base/system-error.ts'
import type { ReadResult } from '../config/reader.ts'
import type { Config } from '../model/config.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Location, Server } from '../model/route.ts'
import type { Settings } from '../model/settings.ts'
import { mapSettings } from './map-settings.ts'

const MODE = 0o700

/** The directories that a request can come to write into, each once: what is not proxied has no body to keep. */
export function temporaryDirectories({ servers, caches }: Config): ReadonlySet<string> {
  const found = new Set<string>()
  const isForCaches = caches.some(cache => cache.usesTempPath)
  const add = ({ action, settings: { client, proxy }, locations }: Server | Location) => {
    if (action.kind === 'proxy') {
      // Without buffering too: a chunked body for a peer of HTTP/1.0 is kept until its length is known.
      if (proxy.isRequestBuffering || proxy.httpVersion === '1.0') found.add(client.bodyTempPath)
      const isBuffered = proxy.isBuffering && proxy.tempFileBytesMax > 0
      const isForFiles = proxy.store !== null || (isForCaches && proxy.cache !== null)
      if (isBuffered || isForFiles) found.add(proxy.tempPath)
    }
    locations.forEach(add)
  }
  servers.forEach(add)
  return found
}

/**
 * Looks whether every directory is there or can be made, and makes none.
 *
 * @param result its configuration, and where directories were written
 * @returns the configuration with the system's directory in place of defaults that cannot be had, and what to say
 */
export function checkTemporaryDirectories(
  config: Config,
  { directories }: Pick<ReadResult, 'directories'>,
): { readonly config: Config; readonly diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = []
  const lost = new Set<string>()
  for (const path of temporaryDirectories(config)) {
    const message = cannotUse(path, config)
    if (message === null) continue
    const origin = directories?.get(path)
    if (origin !== undefined) diagnostics.push({ severity: 'error', message, origin, hint: '' })
    else lost.add(path)
  }
  if (lost.size === 0) return { config, diagnostics }
  const shared = tmpdir()
  const message = cannotUse(shared, config)
  const origin = { file: config.file, line: 0, column: 0, endColumn: 0 }
  const where = [...lost].join(' and ')
  diagnostics.push({
    severity: message === null ? 'notice' : 'error',
    message:
      message === null
        ? `cannot use ${where}: temporary files go to ${shared}`
        : `${cannotUse([...lost][0]!, config)}; ${message}`,
    origin,
    hint: 'client_body_temp_path and proxy_temp_path name other directories',
  })
  const replace = (path: string) => (lost.has(path) ? shared : path)
  const replaced = mapSettings(config, (settings): Settings => {
    const client = { ...settings.client, bodyTempPath: replace(settings.client.bodyTempPath) }
    const proxy = { ...settings.proxy, tempPath: replace(settings.proxy.tempPath) }
    return { ...settings, client, proxy }
  })
  return { config: replaced, diagnostics }
}

/** Makes every directory that is missing. Throws an `Error` with one line when one cannot be had. */
export function makeTemporaryDirectories(config: Config): void {
  for (const path of temporaryDirectories(config)) {
    const parent = dirname(path)
    if (isCache(parent, config)) makeDirectory(parent)
    makeDirectory(path)
    const problem = cannotUse(path, config)
    if (problem !== null) throw new Error(problem)
  }
}

/** Makes the last level of a directory, for nobody else. Throws an `Error` with one line. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: MODE })
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return
    throw new Error(callFailedText('mkdir', `"${path}"`, error), { cause: error })
  }
}

function isCache(path: string, { caches }: Config): boolean {
  return caches.some(cache => resolve(cache.path) === resolve(path))
}

/** Why a directory cannot be used, in nginx's words; null when it can, or can be made. */
function cannotUse(path: string, config: Config): string | null {
  const problem = cannotMake(path)
  const parent = dirname(path)
  if (problem === null || !isCache(parent, config) || existsSync(parent)) return problem
  return cannotMake(parent)
}

/** Why a directory is not there to be written into and cannot be made either, in nginx's words; null when it is or can. */
export function cannotMake(path: string): string | null {
  try {
    if (!statSync(path).isDirectory()) return `mkdir() "${path}" failed (it is no directory)`
  } catch (error) {
    return systemErrorCode(error) === 'ENOENT'
      ? failure('mkdir', path, () => probe(dirname(path)))
      : callFailedText('mkdir', `"${path}"`, error)
  }
  return failure('open', path, () => probe(path))
}

function probe(directory: string): void {
  accessSync(directory, constants.W_OK | constants.X_OK)
}

function failure(call: string, path: string, attempt: () => void): string | null {
  try {
    attempt()
    return null
  } catch (error) {
    return callFailedText(call, `"${path}"`, error)
  }
}
