// The package that users install: packed, installed into an empty folder, and its command run from there. It carries
// emitted JavaScript, because Node refuses to strip types under node_modules.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'headgate-package-'))
/** npm and the installed command both find this Node first. */
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
  NODE_OPTIONS: '',
}

describe('the package', { timeout: 170_000 }, () => {
  before(async () => {
    await run('npm', ['pack', '--pack-destination', folder], { cwd: root, env })
    const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const user = join(folder, 'user')
    mkdirSync(user)
    writeFileSync(join(user, 'package.json'), '{"private":true}')
    await run(
      'npm',
      [
        'install',
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        '--prefer-offline',
        join(folder, `${name}-${version}.tgz`),
      ],
      {
        cwd: user,
        env,
      },
    )
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  const headgate = (...args: string[]) =>
    run('npx', ['--no-install', 'headgate', ...args], { cwd: join(folder, 'user'), env })

  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const { stdout, stderr } = await headgate('--version')
    assert.match(stdout + stderr, new RegExp(`headgate.*${version.replaceAll('.', '\\.')}`))
  })

  it('checks a configuration in either dialect', async () => {
    const nginx = join(folder, 'nginx.conf')
    writeFileSync(
      nginx,
      'events {}\nhttp { access_log off; error_log stderr; server { listen 127.0.0.1:0; location / { return 200 ok; } } }\n',
    )
    const good = await headgate('check', '-c', nginx)
    assert.match(good.stdout + good.stderr, /nginx\.conf: the configuration can run/)
    const yaml = join(folder, 'bad.yaml')
    writeFileSync(yaml, 'servers:\n  - listn: 80\n')
    await assert.rejects(
      headgate('check', '-c', yaml),
      (error: { code: number; stderr: string; stdout: string }) => {
        assert.equal(error.code, 1)
        assert.match(error.stdout + error.stderr, /bad\.yaml:2:\d+: error: /)
        return true
      },
    )
  })

  it('carries what the program reads at run time, and nothing of the checkout', async () => {
    const { stdout } = await run('tar', [
      'tzf',
      join(
        folder,
        (await run('ls', [folder])).stdout.split('\n').find(name => name.endsWith('.tgz'))!,
      ),
    ])
    const names = stdout.trim().split('\n')
    assert.ok(names.includes('package/dist/main.js'))
    assert.ok(names.includes('package/dist/worker/worker.js'))
    assert.ok(names.includes('package/config/demo.yaml'))
    assert.deepEqual(
      names.filter(name => /\/(src|test|bench|\.ci)\//.test(name) || name.endsWith('.ts')),
      [],
    )
  })
})
