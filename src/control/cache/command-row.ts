// The words of `headgate cache`; what they do is loaded when they are used.

import type { Command } from '../command.ts'
import { loadOptions, READING } from '../command-reading.ts'

export const CACHE: Command = {
  name: 'cache',
  summary: 'Shows what is cached, and removes some of it',
  word: 'ACTION',
  second: 'URL',
  options: {
    ...READING,
    socket: { value: 'PATH', doc: 'the control socket, in place of that of a configuration' },
    cache: { value: 'NAME', doc: 'only this cache (default: all)' },
    key: { value: 'KEY', doc: 'purge: this cache key, with all its variants' },
    prefix: { value: 'START', doc: 'purge: every URL or cache key that begins so' },
    tag: { value: 'TAG', doc: 'purge: what has this Cache-Tag, Surrogate-Key or xkey' },
    all: { doc: 'purge: everything' },
    soft: { doc: 'purge: keep it, as something stale' },
    url: { value: 'START', doc: 'ls: only URLs that begin so' },
    limit: { value: 'N', doc: 'ls: at most so many (default: 100)' },
    json: { doc: 'print JSON (docs/status.md)' },
  },
  details:
    'Actions:\n' +
    '  purge URL   removes what a request for the URL would be answered with, all variants of it\n' +
    '  purge --key KEY, --prefix START, --tag TAG, --all\n' +
    '  stat        how the caches are doing\n' +
    '  ls          what is stored, in no order\n\n' +
    'The running process is asked over its control socket. A purge holds for all workers and for\n' +
    'what is being fetched, and is over when the command ends.\n' +
    'Exit code: 0 when it is done, 3 when nothing runs, 1 when not, or when nothing was stored\n' +
    'for the URL or KEY.',
  run: async input => {
    const { runCacheCommand } = await import('./cache-command.ts')
    // `--prefix` is the start of keys here.
    const { prefix: _, ...values } = input.values
    return runCacheCommand(input, () => loadOptions({ ...input, values, word: null }))
  },
}
