/**
 * On what the figures were taken: processor, kernel, Node, and the commit that was measured.
 * A figure without these says nothing to a later reader.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

/** The machine as the results name it. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
  readonly node: string
}

/** Describes this machine. */
export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    // Not availableParallelism: this process is itself pinned to one core.
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
  }
}

/**
 * Names the commit of a checkout.
 *
 * @returns the short hash, with `-dirty` when files differ from it; `uncommitted` without one
 */
export function readCommit(directory: string): string {
  const hash = runGit(directory, ['rev-parse', '--short', '--verify', 'HEAD'])
  if (hash === null) return 'uncommitted'
  // Earlier results lying there do not change what is measured.
  const status = runGit(directory, ['status', '--porcelain', '--', '.', ':!bench/results'])
  return status === '' ? hash : `${hash}-dirty`
}

/** Reads how many clock ticks of /proc make a second; 100 on every common Linux. */
export function readTicksPerSecond(): number {
  const { stdout } = spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })
  return Number(stdout) || 100
}

/** Tells whether a program can be found on the search path. */
export function isInstalled(program: string): boolean {
  // The name is passed as an argument: the shell does not read it as code.
  return spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0
}

/** Reads the first line a program prints about itself, wherever it prints it. */
export function readFirstLine(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 10_000 })
  return (stdout || stderr || 'unknown').split('\n')[0]?.trim() ?? 'unknown'
}

/**
 * Reads the version of an npm package as this project would load it.
 *
 * @returns null when it is not installed
 */
export function readPackageVersion(packageName: string): string | null {
  // Not by resolving the manifest: a package need not export it.
  const folders = createRequire(import.meta.url).resolve.paths(packageName) ?? []
  const paths = folders.map(folder => join(folder, packageName, 'package.json'))
  const path = paths.find(candidate => existsSync(candidate))
  const manifest: unknown = path === undefined ? null : JSON.parse(readFileSync(path, 'utf8'))
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isManifest ? String(manifest.version) : null
}

function runGit(directory: string, args: readonly string[]): string | null {
  const result = spawnSync('git', ['-C', directory, ...args], { encoding: 'utf8' })
  return result.status === 0 ? result.stdout.trim() : null
}
