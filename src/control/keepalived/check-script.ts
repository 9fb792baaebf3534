// The program that a `vrrp_script` runs: whether it can fail at all, and whether it only looks.

import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { systemErrorCode } from '../../base/system-error.ts'
import type { DiagnosticList } from '../../config/diagnostic.ts'
import type { Word } from './tree.ts'

const BYTES_MAX = 1_048_576

/** What is seen of files; a test has its own. */
export interface ScriptFiles {
  /** The text of a script; `'binary'`, or why there is none. */
  read(path: string): { readonly text: string } | 'binary' | 'missing' | 'not-executable' | 'hidden'
}

export const SYSTEM_SCRIPTS: ScriptFiles = {
  read(path) {
    try {
      const { size } = statSync(path)
      accessSync(path, constants.X_OK)
      if (size > BYTES_MAX) return 'binary'
      const bytes = readFileSync(path)
      return bytes.subarray(0, 2).toString('latin1') === '#!'
        ? { text: bytes.toString('utf8') }
        : 'binary'
    } catch (error) {
      const code = systemErrorCode(error)
      if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing'
      return code === 'EACCES' ? 'not-executable' : 'hidden'
    }
  },
}

/** Programs that are one file under several names and look which one was called: keepalived calls them by their file. */
const BY_NAME: ReadonlySet<string> = new Set(['pidof', 'killall5'])
const STARTS =
  /(?:systemctl\s+(?:start|restart)|service\s+\S+\s+(?:start|restart)|\/s?bin\/(?:nginx|headgate|haproxy)\s*(?:$|[;&|\n])|(?:^|[\s;])(?:nginx|headgate run)\s*(?:$|[;&\n]))/m
const DASH = /[\u2010-\u2015\u2212]/

/** Looks at the command of a `script` line. */
export function checkScript(word: Word, files: ScriptFiles, diagnostics: DiagnosticList): void {
  const { text, origin } = word
  const [program = ''] = text.split(/\s+/)
  const name = program.slice(program.lastIndexOf('/') + 1)
  if (BY_NAME.has(name)) {
    diagnostics.error(
      `"${name}" as a script always fails: keepalived runs the file behind the link, killall5`,
      origin,
      'write a small script that calls it, or use: script "headgate-alive"',
    )
    return
  }
  if (name === 'killall' && /\s-0\b/.test(text)) {
    diagnostics.warning(
      '"killall -0" only sees that a process is there, not that it answers',
      origin,
      'headgate alive asks the listener itself',
    )
    return
  }
  if (!program.startsWith('/')) {
    diagnostics.warning(
      `"${program}" has no directory: with enable_script_security keepalived refuses it`,
      origin,
      'write its whole path',
    )
    return
  }
  const found = files.read(program)
  if (found === 'missing') {
    diagnostics.warning(`"${program}" is not there: the check is off, and no fault is seen`, origin)
  } else if (found === 'not-executable') {
    diagnostics.error(`"${program}" cannot be executed`, origin, `chmod 755 ${program}`)
  } else if (typeof found === 'object') {
    checkText(program, found.text, word, diagnostics)
  }
}

function checkText(program: string, text: string, word: Word, diagnostics: DiagnosticList): void {
  const code = text.replaceAll(/^\s*#.*$/gm, '')
  const dashLine = text.split('\n').findIndex(line => DASH.test(line))
  if (dashLine !== -1) {
    diagnostics.error(
      `"${program}" line ${dashLine + 1} has a long dash where a hyphen is meant`,
      word.origin,
      'it came with the text of a page: write "-"',
    )
  }
  if (/\bkill(?:all)?\b[^\n]*keepalived/.test(code)) {
    diagnostics.warning(
      `"${program}" ends keepalived: then nothing brings the address back`,
      word.origin,
      'let it exit with 1 and leave the rest to keepalived',
    )
  }
  if (STARTS.test(code)) {
    diagnostics.warning(
      `"${program}" starts what it should look at`,
      word.origin,
      'leave that to systemd (Restart=always); a check that heals hides the fault from the pair',
    )
  }
  if (
    !/\bexit\s+(?:[1-9]|\$)|\bexit\s*$|\bset\s+-\w*e|\bexec\s|\bfalse\b|\breturn\s+[1-9]/m.test(
      code,
    )
  ) {
    diagnostics.warning(
      `"${program}" never says that something is wrong: no "exit 1" in it`,
      word.origin,
      'a check fails by an exit code other than 0',
    )
  }
}
