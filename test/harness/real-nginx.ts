// A real nginx as origin: static files of a directory, on a port that the kernel chose, in the foreground, ended by pid.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { accepts, freePort } from './ports.ts'

const START_TRIES = 100

/** The reason to skip, or false when nginx can be run. */
export function withoutNginx(): string | false {
  return spawnSync('nginx', ['-v']).status === 0 ? false : 'nginx is not installed here'
}

/** An nginx that serves files. */
export class RealNginx {
  readonly port: number
  readonly directory: string
  #child: ChildProcess
  #ended: Promise<void>

  private constructor(port: number, directory: string) {
    this.port = port
    this.directory = directory
    this.#child = this.#spawn()
    this.#ended = endOf(this.#child)
  }

  /** @param files content by path below the root; `extra` stands in the `server` block */
  static async start(
    files: Readonly<Record<string, string | Buffer>>,
    extra = '',
  ): Promise<RealNginx> {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-origin-'))
    chmodSync(directory, 0o755)
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, 'html', path)), { recursive: true })
      writeFileSync(join(directory, 'html', path), content)
    }
    const port = await freePort()
    const paths = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi'].map(
      name => `${name}_temp_path ${directory}/${name};`,
    )
    writeFileSync(
      join(directory, 'nginx.conf'),
      `daemon off; master_process off; pid ${directory}/pid; error_log stderr warn;
events { worker_connections 1024; }
http { access_log off; ${paths.join(' ')}
server { listen 127.0.0.1:${port}; root ${directory}/html; ${extra} }
}
`,
    )
    const nginx = new RealNginx(port, directory)
    if (await nginx.#accepts()) return nginx
    await nginx.end()
    throw new Error('nginx did not start')
  }

  /** Starts it again, after `kill`, where it was. */
  async startAgain(): Promise<void> {
    this.#child = this.#spawn()
    this.#ended = endOf(this.#child)
    if (!(await this.#accepts())) throw new Error('nginx did not start again')
  }

  /** Lets it hang: the kernel still accepts for it, and nobody answers. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }

  #spawn(): ChildProcess {
    const { directory } = this
    return spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')], {
      stdio: 'ignore',
    })
  }

  async #accepts(): Promise<boolean> {
    for (let i = 0; i < START_TRIES; i++) {
      if (await accepts(this.port)) return true
      if (this.#child.exitCode !== null) return false
      await delay(20)
    }
    return false
  }

  /** Kills it as a power cut would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** Kills it and removes its directory. */
  async end(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise(resolve => child.on('close', () => resolve()))
}
