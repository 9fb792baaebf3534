// How many checks run at once. Each key (a host, a program) has a share of its own and waits in a
// line of its own, and the lines take turns: a thousand peers on one dead host do not hold up the
// others.

interface Line {
  running: number
  readonly waiting: Set<() => void>
}

export class Lane {
  readonly #runningMax: number
  readonly #perKeyMax: number
  readonly #lines = new Map<string, Line>()
  /** Keys that have somebody waiting and room for them, in the order of their turns. */
  readonly #ready = new Set<string>()
  #running = 0

  constructor(runningMax: number, perKeyMax: number) {
    this.#runningMax = runningMax
    this.#perKeyMax = perKeyMax
  }

  /** How many run; all of them will `leave`. */
  get running(): number {
    return this.#running
  }

  /** How many keys have somebody that runs or waits. */
  get keys(): number {
    return this.#lines.size
  }

  /** Calls `start` as soon as there is room, perhaps at once; each call is owed one `leave`. */
  enter(key: string, start: () => void): void {
    let line = this.#lines.get(key)
    if (line === undefined) this.#lines.set(key, (line = { running: 0, waiting: new Set() }))
    if (this.#running < this.#runningMax && line.running < this.#perKeyMax) {
      this.#running++
      line.running++
      start()
      return
    }
    line.waiting.add(start)
    this.#sort(key, line)
  }

  /** Takes somebody who waits out of the line; false when `start` was called. */
  cancel(key: string, start: () => void): boolean {
    const line = this.#lines.get(key)
    if (line === undefined || !line.waiting.delete(start)) return false
    this.#sort(key, line)
    return true
  }

  /** Says that one that ran has ended; starts others in its place. */
  leave(key: string): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    this.#running--
    line.running--
    this.#sort(key, line)
    this.#startNext()
  }

  #startNext(): void {
    while (this.#running < this.#runningMax) {
      const [key] = this.#ready
      if (key === undefined) return
      const line = this.#lines.get(key)
      const [start] = line?.waiting ?? []
      this.#ready.delete(key)
      if (line === undefined || start === undefined) continue
      line.waiting.delete(start)
      line.running++
      this.#running++
      this.#sort(key, line)
      start()
    }
  }

  #sort(key: string, line: Line): void {
    if (line.waiting.size > 0 && line.running < this.#perKeyMax) this.#ready.add(key)
    else this.#ready.delete(key)
    if (line.waiting.size === 0 && line.running === 0) this.#lines.delete(key)
  }
}
