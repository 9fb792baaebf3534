// TLS settings made of a probe's files. Reading and parsing certificates costs milliseconds, and a
// thousand peers share one set: a set is kept, and made anew when one of its files has changed.

import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import { LRUCache } from 'lru-cache'
import { failedCallText } from '../base/system-error.ts'
import type { ProbeTls } from '../model/probe.ts'
import { PROBE_LIMITS } from './limits.ts'
import { plain, quoted } from './reason.ts'

type Files = Pick<ProbeTls, 'trustedPath' | 'certificatePath' | 'keyPath'>

const kept = new LRUCache<string, SecureContext>({ max: PROBE_LIMITS.tlsContextsMax })

/** The settings for what a probe's TLS names, or what is wrong with its files. */
export function secureContextFor(tls: Files): SecureContext | string {
  const paths = [tls.trustedPath, tls.certificatePath, tls.keyPath]
  try {
    const key = paths.map(stampOf).join('\n')
    const known = kept.get(key)
    if (known !== undefined) return known
    const [ca, cert, privateKey] = paths.map(path =>
      path === null ? undefined : readFileSync(path),
    )
    const context = createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(privateKey === undefined ? {} : { key: privateKey }),
    })
    kept.set(key, context)
    return context
  } catch (error) {
    const named = paths.filter(path => path !== null)
    return (error as NodeJS.ErrnoException).syscall === undefined
      ? `cannot use ${named.map(quoted).join(', ')}: ${plain(failedCallText(error))}`
      : plain(failedCallText(error))
  }
}

/** The path and what tells that the file is another one. */
function stampOf(path: string | null): string {
  if (path === null) return ''
  const { mtimeMs, size, ino } = statSync(path)
  return `${path} ${mtimeMs} ${size} ${ino}`
}
