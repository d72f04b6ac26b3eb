import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { libraryExamples } from './library-examples.ts';

const root = join(import.meta.dirname, '../../..');
const bun = join(root, 'bin/bun');
/** What a project with Bun has: strict, the types of Bun, and those of its packages are checked, too. */
const TSCONFIG = {
	compilerOptions: {
		target: 'esnext',
		lib: ['esnext'],
		module: 'preserve',
		strict: true,
		noUncheckedIndexedAccess: true,
		exactOptionalPropertyTypes: true,
		skipLibCheck: false,
		noEmit: true,
		typeRoots: [join(root, 'node_modules/@types')],
		types: ['bun'],
	},
	include: ['*.ts'],
};
const examples = libraryExamples();
let folder: string;
let project: string;
const running: ChildProcess[] = [];

beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'uftp-package-'));
	project = join(folder, 'project');
	mkdirSync(project);
	const [tarball = ''] = run(bun, [join(root, 'tooling/pack-endpoint.ts'), folder])
		.trim()
		.split('\n')
		.slice(-1);
	writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', type: 'module' }));
	writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG));
	for (const [name, text] of examples) writeFileSync(join(project, name), text);
	// An empty cache and no network: the tarball is all that there is.
	run(bun, ['add', '--offline', '--cache-dir', join(folder, 'cache'), tarball]);
}, 120_000);
beforeEach(() => mkdirSync(join(project, 'inbox')));
afterEach(async () => {
	for (const program of running.splice(0)) await stop(program);
	rmSync(join(project, 'inbox'), { recursive: true, force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = () => ({ ...process.env, XDG_STATE_HOME: join(folder, 'state') });

function run(program: string, words: readonly string[]): string {
	const done = spawnSync(program, words, { cwd: project, encoding: 'utf8', env: environment() });
	if (done.status === 0) return done.stdout;
	throw new Error(`${program} ${words.join(' ')}: ${done.stdout}${done.stderr}`);
}

interface Program {
	readonly process: ChildProcess;
	/** What it has written so far, errors as well. */
	text(): string;
	readonly ended: Promise<number | null>;
}

function start(name: string): Program {
	const child = spawn(bun, [name], { cwd: project, env: environment() });
	running.push(child);
	let text = '';
	child.stdout.on('data', (chunk) => (text += chunk));
	child.stderr.on('data', (chunk) => (text += chunk));
	return { process: child, text: () => text, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

async function stop(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise((resolve) => child.once('exit', resolve));
	child.kill('SIGTERM');
	await ended;
}

/** Starts a program and waits until it has written this. */
async function started(name: string, sign: RegExp): Promise<Program> {
	const program = start(name);
	await expect.poll(program.text, { timeout: 20_000 }).toMatch(sign);
	return program;
}

/** Runs a program to its end. */
async function finished(name: string): Promise<string> {
	const program = start(name);
	expect([await program.ended, program.text()]).toEqual([0, expect.any(String)]);
	return program.text();
}

function write(bytes: number): string {
	const text = 'one line of the report\n'.repeat(Math.ceil(bytes / 23));
	writeFileSync(join(project, 'report.txt'), text);
	return text;
}

describe('the package, installed into an empty project without a network,', () => {
	it('brings no other packages with it', () => {
		expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@uftp']);
		expect(readdirSync(join(project, 'node_modules/@uftp'))).toEqual(['endpoint']);
	});

	it('has types for every program of the document, and no any', () => {
		expect(examples.size).toBeGreaterThanOrEqual(8);
		expect(run(bun, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project])).toBe('');
		for (const text of examples.values()) expect(text).not.toMatch(/\bany\b|@ts-/);
	});

	it('declares no any', () => {
		const dist = join(project, 'node_modules/@uftp/endpoint/dist');
		const declarations = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter(
			(name) => name.endsWith('.d.ts') && !name.startsWith('libraries/'),
		);
		expect(declarations.length).toBeGreaterThan(100);
		const isAny = /[:<|&,(]\s*any\b(?!\w|[^\n]*\*\/)/;
		const wrong = declarations.filter((name) => {
			const code = readFileSync(join(dist, name), 'utf8').replace(/\/\*.*?\*\/|'[^'\n]*'/gs, '');
			return isAny.test(code);
		});
		expect(wrong).toEqual([]);
	});

	it('sends a file and receives it', async () => {
		const text = write(200_000);
		const receiver = await started('receive.ts', /listens/);
		expect(await finished('send.ts')).toMatch(/^0x[0-9A-F]{8}: received, 1 files received\n$/);
		expect(readFileSync(join(project, 'inbox/report.txt'), 'utf8')).toBe(text);
		await expect.poll(receiver.text).toMatch(/report\.txt: \d+ bytes\nsession completed\n/);
		receiver.process.kill('SIGTERM');
		expect(await receiver.ended).toBe(0);
	});

	it('relays a file, and says how far it is', async () => {
		const text = write(200_000);
		await started('receive.ts', /listens/);
		const client = start('client-proxy.ts');
		const server = start('server-proxy.ts');
		const progress = await finished('progress.ts');
		expect(progress).toMatch(/a receiver is there\n/);
		expect(progress).toMatch(/^transfer: \d+ of \d+ bytes$/m);
		expect(progress).toMatch(/received\n$/);
		expect(readFileSync(join(project, 'inbox/report.txt'), 'utf8')).toBe(text);
		expect(server.text()).toMatch(/a session begins\n/);
		server.process.kill('SIGTERM');
		client.process.kill('SIGTERM');
		expect([await server.ended, await client.ended]).toEqual([0, 0]);
		expect(server.text()).toMatch(/\d{2,} packets were forwarded\n/);
	});

	it('aborts', async () => {
		write(200_000);
		const receiver = await started('receive.ts', /listens/);
		expect(await finished('abort.ts')).toBe('interrupted\n');
		await expect.poll(receiver.text).toMatch(/session aborted\n/);
	});

	it('takes bytes from a function and gives them to one', async () => {
		const sink = await started('sink.ts', /listening/);
		expect(await finished('source.ts')).toBe('received\n');
		expect(sink.text()).toMatch(/^made-up\.txt: Made up while it is sent\.$/m);
	});
});
