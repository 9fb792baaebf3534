// Whether a name and a password are right, by a users file: one object for each worker. A slow check that came to yes is
// remembered for some seconds, as a digest under a key that nobody else has and that dies with the process, and only as
// long as the file says the same.

import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../base/clock.ts'
import { AUTH_LIMITS } from './limits.ts'
import { type HostVerdict, PasswordHost } from './password-host.ts'
import { formName, formOf, matchesQuickly } from './stored-password.ts'
import type { UsersFile } from './users-file.ts'
import { isUsersFileProblem, UsersFiles } from './users-files.ts'

/** What came of a login. `text` is for the log. */
export type LoginResult =
  | { readonly kind: 'right' }
  /** Not a user, or not the password. */
  | { readonly kind: 'wrong'; readonly text: string }
  | { readonly kind: 'no-file'; readonly text: string }
  /** It cannot be checked. */
  | { readonly kind: 'failed'; readonly text: string }
  /** Too many wait already. */
  | { readonly kind: 'busy'; readonly text: string }

/** A login to check; all texts are latin-1. */
export interface Login {
  /** The users file. */
  readonly path: string
  readonly user: string
  readonly password: string
  /** Address of the client. */
  readonly client: string
}

const RIGHT: LoginResult = { kind: 'right' }

export class Logins {
  readonly #clock: Clock
  readonly #files: UsersFiles
  readonly #host: PasswordHost
  readonly #key = randomBytes(32)
  /** Digest of what was right → until when, in `Clock.nowMs`. */
  readonly #remembered = new LRUCache<string, number>({ max: AUTH_LIMITS.rememberedMax })

  constructor(clock: Clock, host: PasswordHost = new PasswordHost()) {
    this.#clock = clock
    this.#host = host
    this.#files = new UsersFiles(() => clock.wallMs)
  }

  /**
   * Checks a login. `onResult` is called once, later.
   *
   * @returns gives up: then `onResult` is not called any more
   */
  check(login: Login, onResult: (result: LoginResult) => void): () => void {
    let isGivenUp = false
    let giveUp: (() => void) | null = null
    const take = (result: LoginResult) => {
      if (!isGivenUp) onResult(result)
    }
    this.#files.find(login.path, users => {
      if (isGivenUp) return
      if (isUsersFileProblem(users)) {
        take({ kind: users.isMissing ? 'no-file' : 'failed', text: users.text })
        return
      }
      giveUp = this.#checkUser(login, users, take)
    })
    return () => {
      isGivenUp = true
      giveUp?.()
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#host.close()
  }

  #checkUser(
    login: Login,
    users: UsersFile,
    onResult: (result: LoginResult) => void,
  ): (() => void) | null {
    const { user, client } = login
    // What crypt() gets ends with a zero byte.
    const password = login.password.split('\0', 1)[0]!
    const stored = users.find(user)
    if (stored === null) {
      onResult({ kind: 'wrong', text: `user "${user}" was not found in "${login.path}"` })
      return null
    }
    const form = formOf(stored)
    if (form === 'unknown') {
      onResult(unusable(user, stored, login.path))
      return null
    }
    if (form !== 'slow') {
      const isRight = form === 'quick' && matchesQuickly(password, stored)
      onResult(isRight ? RIGHT : mismatch(user))
      return null
    }
    const digest = this.#digest(user, password, stored)
    const until = this.#remembered.get(digest)
    if (until !== undefined && this.#clock.nowMs < until) {
      onResult(RIGHT)
      return null
    }
    const giveUp = this.#host.check(password, stored, client, (verdict: HostVerdict) => {
      if (verdict === 'right') {
        this.#remembered.set(digest, this.#clock.nowMs + AUTH_LIMITS.rememberedMs)
        onResult(RIGHT)
      } else if (verdict === 'wrong') onResult(mismatch(user))
      else if (verdict === 'unusable') onResult(unusable(user, stored, login.path))
      else {
        const text = `cannot check the password of user "${user}": ${verdict.failed}`
        onResult({ kind: 'failed', text })
      }
    })
    if (giveUp === null) {
      const text = `too many passwords wait for their check, that of user "${user}" is refused`
      onResult({ kind: 'busy', text })
    }
    return giveUp
  }

  #digest(user: string, password: string, stored: string): string {
    const text = `${user}\0${password}\0${stored}`
    return createHmac('sha256', this.#key).update(text, 'latin1').digest('base64')
  }
}

function mismatch(user: string): LoginResult {
  return { kind: 'wrong', text: `user "${user}": password mismatch` }
}

function unusable(user: string, stored: string, path: string): LoginResult {
  const text = `the password of user "${user}" in "${path}" has a form that cannot be checked: ${formName(stored)}`
  return { kind: 'failed', text }
}
