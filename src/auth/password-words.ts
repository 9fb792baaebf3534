// What a worker and its thread of passwords say to each other.

/** A password to check. Both as latin-1 texts. */
export interface PasswordQuestion {
  readonly id: number
  readonly password: string
  readonly stored: string
}

/** Whether it is right; `unusable` = the stored one is of no known form after all. */
export type PasswordVerdict = 'right' | 'wrong' | 'unusable'

export interface PasswordAnswer {
  readonly id: number
  readonly verdict: PasswordVerdict
}
