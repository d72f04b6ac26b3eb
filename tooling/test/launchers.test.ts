import { spawnSync } from 'node:child_process';
import {
	chmodSync,
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

let checkout: string;

beforeEach(() => {
	// A blank in the path: launchers that forget to quote must not pass.
	checkout = join(realpathSync(mkdtempSync(join(tmpdir(), 'launchers-'))), 'a checkout');
	cpSync(join(root, 'bin'), join(checkout, 'bin'), { recursive: true });
});

afterEach(() => rmSync(dirname(checkout), { recursive: true }));

/** Puts a program there that says its name and repeats its arguments, one a line. */
function stub(path: string, name: string): void {
	const file = join(checkout, path);
	mkdirSync(dirname(file), { recursive: true });
	writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' ${name} "$@"\n`);
	chmodSync(file, 0o755);
}

function run(program: string, args: string[] = [], cwd = '/') {
	const done = spawnSync(program, args, { cwd, encoding: 'utf8' });
	return { status: done.status, said: done.stdout.trimEnd().split('\n'), complaint: done.stderr };
}

describe('bin/bun', () => {
	it('runs the program of the platform package, where npm left it', () => {
		stub('node_modules/@oven/bun-linux-x64/bin/bun', 'real');
		stub('node_modules/bun/bin/bun.exe', 'placeholder');
		expect(run(join(checkout, 'bin/bun'), ['a b', '--c']).said).toEqual(['real', 'a b', '--c']);
	});

	it('runs the program in the package bun, where the install script moved it', () => {
		mkdirSync(join(checkout, 'node_modules/@oven/bun-linux-x64/bin'), { recursive: true });
		stub('node_modules/bun/bin/bun.exe', 'moved');
		expect(run(join(checkout, 'bin/bun')).said).toEqual(['moved']);
	});

	it('runs the program of an isolated installation by Bun', () => {
		stub('node_modules/.bun/@oven+bun-linux-x64@1.4.5/node_modules/@oven/bun-linux-x64/bin/bun', 'isolated');
		expect(run(join(checkout, 'bin/bun')).said[0]).toBe('isolated');
	});

	it('chooses the package of this machine where there are several', () => {
		const own = `bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;
		for (const name of new Set([own, `${own}-musl`, 'bun-darwin-aarch64', 'bun-linux-x64'])) {
			stub(`node_modules/@oven/${name}/bin/bun`, name);
		}
		expect(run(join(checkout, 'bin/bun')).said[0]).toMatch(new RegExp(`^${own}(-musl)?$`));
	});

	it('runs the moved program where an older npm left the package of another C library beside it', () => {
		const own = `bun-${process.platform}-${process.arch === 'arm64' ? 'aarch64' : process.arch}`;
		for (const name of [own, `${own}-musl`])
			mkdirSync(join(checkout, `node_modules/@oven/${name}/bin`), { recursive: true });
		stub(`node_modules/@oven/${existsSync('/etc/alpine-release') ? own : `${own}-musl`}/bin/bun`, 'foreign');
		stub('node_modules/bun/bin/bun.exe', 'moved');
		expect(run(join(checkout, 'bin/bun')).said).toEqual(['moved']);
	});

	it.each([[[]], [['node_modules/bun/bin/bun.exe']]])('asks for npm install where only %j is there', (placeholders) => {
		for (const path of placeholders) stub(path, 'placeholder');
		const { status, said, complaint } = run(join(checkout, 'bin/bun'));
		expect(status).toBe(1);
		expect(said).toEqual(['']);
		expect(complaint).toContain(`Run 'npm install' in ${checkout}`);
	});
});

describe('the name of a process', () => {
	/** Says the name of the file that it was started from. */
	function nameTeller(): void {
		stub('node_modules/@oven/bun-linux-x64/bin/bun', 'unused');
		const file = join(checkout, 'node_modules/@oven/bun-linux-x64/bin/bun');
		writeFileSync(file, '#!/bin/sh\necho "${0##*/}"\n');
	}

	it.each(['uftp', 'uftpd', 'uftpproxyd', 'uftp_keymgt', 'uftpctl'])('is %s for that command', (name) => {
		nameTeller();
		for (let runs = 0; runs < 2; runs++) expect(run(join(checkout, 'bin', name)).said).toEqual([name]);
	});

	it('is that of the service, by whatever path it is started', () => {
		nameTeller();
		const bun = join(checkout, 'bin/bun');
		expect(run(bun, ['services/receiver/src/main.ts'], checkout).said).toEqual(['uftp-receiver']);
		expect(run(bun, ['--flag', join(checkout, 'services/proxy/src/main.ts')]).said).toEqual(['uftp-proxy']);
	});

	it('is left alone for other programs', () => {
		nameTeller();
		expect(run(join(checkout, 'bin/bun'), ['tooling/tidy.ts']).said).toEqual(['bun']);
	});

	it('is no reason not to start where no link can be made', () => {
		nameTeller();
		writeFileSync(join(checkout, 'node_modules/.names'), '');
		const { said, complaint } = run(join(checkout, 'bin/uftpd'));
		expect(said).toEqual(['bun']);
		expect(complaint).toBe('');
	});
});

describe.each(['uftp', 'uftpd', 'uftpctl'])('bin/%s', (name) => {
	beforeEach(() => {
		stub('node_modules/@oven/bun-linux-x64/bin/bun', 'bun');
		stub(`apps/cli/src/${name}.ts`, 'unread');
	});

	/** What came after the program of this checkout: its arguments. */
	function started(said: string[]): string[] {
		const at = said.findIndex((argument) => argument.endsWith(`${name}.ts`));
		expect(realpathSync(said[at] ?? '')).toBe(join(checkout, 'apps/cli/src', `${name}.ts`));
		return said.slice(at + 1);
	}

	it('starts its program by absolute path, with the arguments as they are', () => {
		expect(started(run(join(checkout, 'bin', name), ['-x', '', 'two words']).said)).toEqual(['-x', '', 'two words']);
	});

	it('starts from inside the checkout and from the folder bin', () => {
		expect(started(run(`./bin/${name}`, ['-q'], checkout).said)).toEqual(['-q']);
		expect(started(run('/bin/sh', [name, '-q'], join(checkout, 'bin')).said)).toEqual(['-q']);
	});

	it('starts through a chain of links, absolute and relative', () => {
		mkdirSync(join(checkout, '../links'));
		symlinkSync(join(checkout, 'bin', name), join(checkout, '../links/first'));
		symlinkSync('first', join(checkout, '../links/second'));
		expect(started(run(join(checkout, '../links/second'), ['-q']).said)).toEqual(['-q']);
	});

	it('reads neither .env nor bunfig.toml of the directory it is called from', () => {
		const { said } = run(join(checkout, 'bin', name));
		expect(said).toContain('--no-env-file');
		expect(said.find((argument) => argument.startsWith('--config='))).toMatch(/\/tooling\/bunfig\.toml$/);
	});
});

describe('bin/bun where few processes are allowed', () => {
	it('says so in one sentence, in place of the dump of the runtime, and ends with 5', () => {
		chmodSync(dirname(checkout), 0o755);
		stub('node_modules/@oven/bun-linux-x64/bin/bun', 'real');
		// Root is not bound by the limit.
		const user = process.getuid?.() === 0 ? ['setpriv', '--reuid=65533', '--clear-groups'] : [];
		const words = [...user, 'prlimit', '--nproc=4', join(checkout, 'bin/bun'), 'x'];
		const done = spawnSync(words[0] as string, words.slice(1), { encoding: 'utf8' });
		expect(done.status).toBe(5);
		expect(done.stderr).toMatch(
			/^This user may have only 4 processes and threads \(ulimit -u\), .*: raise the limit\.\n$/,
		);
	});
});

describe('tooling/peers.sh', () => {
	it('says in one sentence what is missing and how to get it, where it cannot install', () => {
		const done = spawnSync('/bin/sh', [join(root, 'tooling/peers.sh')], {
			encoding: 'utf8',
			env: { PATH: '/nowhere' },
		});
		expect(done.status).toBe(1);
		expect(done.stderr.trimEnd().split('\n')).toHaveLength(1);
		expect(done.stderr).toMatch(/^peers: uftp.* missing; .*apt-get install uftp.*UFTP_TEST_WITHOUT_PEERS=1/);
	});
});
