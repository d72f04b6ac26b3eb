/**
 * Makes the package `@uftp/endpoint` as it is installed elsewhere: one tarball with the compiled modules of the library
 * and of the packages of this repository that it stands on, their declarations, and the modules of other libraries that they use.
 *
 *     bin/bun tooling/pack-endpoint.ts FOLDER      writes FOLDER/uftp-endpoint-VERSION.tgz and prints its path
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const packages = join(root, 'packages');

interface Manifest {
	readonly name: string;
	readonly version: string;
	readonly license: string;
	readonly exports?: Readonly<Record<string, string>>;
}

function manifestOf(name: string): Manifest {
	return JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')) as Manifest;
}

/** Packs into `folder`, which must exist. Returns the path of the tarball; throws with what a tool said. */
export function packEndpoint(folder: string): string {
	const stage = mkdtempSync(join(tmpdir(), 'uftp-endpoint-'));
	try {
		compile(stage);
		takeLibraries(join(stage, 'dist'));
		for (const path of modulesIn(join(stage, 'dist'))) writeFileSync(path, relinked(path, join(stage, 'dist')));
		writeManifest(stage);
		for (const name of ['README.md', 'CHANGELOG.md']) {
			const from = name === 'README.md' ? join(packages, 'endpoint', name) : join(root, name);
			cpSync(from, join(stage, name));
		}
		cpSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
		cpSync(join(root, 'docs/library.md'), join(stage, 'docs/library.md'));
		const said = run('npm', ['pack', '--json', '--offline', '--pack-destination', resolve(folder)], stage);
		const [{ filename }] = JSON.parse(said) as [{ filename: string }];
		return join(resolve(folder), filename);
	} finally {
		rmSync(stage, { recursive: true, force: true });
	}
}

/** JavaScript and declarations of everything that the exports of the library lead to. */
function compile(stage: string): void {
	const config = join(packages, 'endpoint', `.pack-${process.pid}.json`);
	const files = Object.values(manifestOf('endpoint').exports ?? {}).map((path) => join(packages, 'endpoint', path));
	const compilerOptions = {
		// As sources of this program: what comes through node_modules would not be compiled.
		paths: Object.fromEntries(readdirSync(packages).flatMap(entryPointsOf)),
		types: ['bun'],
		noEmit: false,
		declaration: true,
		rewriteRelativeImportExtensions: true,
		rootDir: packages,
		outDir: join(stage, 'dist'),
	};
	writeFileSync(config, JSON.stringify({ extends: '../../tsconfig.base.json', compilerOptions, files, include: [] }));
	try {
		run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], root);
	} finally {
		rmSync(config);
	}
}

/** What other packages import it by, and the source behind. */
function entryPointsOf(name: string): [string, [string]][] {
	return Object.entries(manifestOf(name).exports ?? {}).map(([subpath, source]) => [
		`@uftp/${name}${subpath.slice(1)}`,
		[join(packages, name, source)],
	]);
}

/**
 * The modules of libraries that ours import, with what these import, and their licences: in the tarball, so that it
 * installs where there is no network, and is the code that was tested here.
 */
function takeLibraries(dist: string): void {
	const waiting = modulesIn(dist).flatMap((path) => [...importsOfLibraries(readFileSync(path, 'utf8'))]);
	const taken = new Set<string>();
	for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
		if (taken.has(name)) continue;
		taken.add(name);
		const library = name.split('/').slice(0, 2).join('/');
		for (const file of [name, name.replace(/\.js$/, '.d.ts'), `${library}/LICENSE`, `${library}/package.json`]) {
			const to = join(dist, 'libraries', file);
			mkdirSync(dirname(to), { recursive: true });
			cpSync(join(root, 'node_modules', file), to);
			if (!/\.(?:js|d\.ts)$/.test(file)) continue;
			const text = readFileSync(to, 'utf8');
			waiting.push(...importsOfLibraries(text));
			for (const [, path] of text.matchAll(/from ['"](\.[^'"]+\.js)['"]/g)) waiting.push(join(dirname(file), path));
		}
	}
}

/** "@noble/hashes/sha2.js". */
function* importsOfLibraries(text: string): Generator<string> {
	for (const [, name] of text.matchAll(/^(?!\s*\*).*from '(@noble\/[\w./-]+\.js)'/gm)) yield name;
}

function modulesIn(folder: string): string[] {
	const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
	return entries
		.filter((entry) => /\.(?:js|d\.ts)$/.test(entry.name))
		.map((entry) => join(entry.parentPath, entry.name));
}

/** A module with its imports as they are within the tarball: other packages by their path, sources as JavaScript. */
function relinked(path: string, dist: string): string {
	const text = readFileSync(path, 'utf8');
	const named = text.replace(
		/(['"])@uftp\/([\w-]+)((?:\/[\w-]+)?)\1/g,
		(_, quote: string, name: string, subpath: string) => {
			const source = manifestOf(name).exports?.[`.${subpath}`];
			if (source === undefined) throw new Error(`${path}: @uftp/${name}${subpath} is no export`);
			const target = join(dist, name, source);
			const to = relative(dirname(path), target);
			return `${quote}${to.startsWith('.') ? to : `./${to}`}${quote}`;
		},
	);
	const linked = named.replace(/(from ')(@noble\/[\w./-]+\.js)'/g, (_, from: string, name: string) => {
		const to = relative(dirname(path), join(dist, 'libraries', name));
		return `${from}${to.startsWith('.') ? to : `./${to}`}'`;
	});
	return linked.replace(/(['"])(\.{1,2}\/[\w./-]+)\.ts\1/g, '$1$2.js$1');
}

function writeManifest(stage: string): void {
	const { name, version, license, exports = {} } = manifestOf('endpoint');
	const exported = Object.entries(exports).map(([subpath, source]) => {
		const path = `./${join('dist/endpoint', source).replace(/\.ts$/, '')}`;
		return [subpath, { types: `${path}.d.ts`, default: `${path}.js` }];
	});
	const manifest = {
		name,
		version,
		type: 'module',
		license,
		description: 'Sends, receives and relays files by multicast, wire-compatible with UFTP 4.x. Runs on Bun.',
		engines: { bun: '>=1.2' },
		exports: Object.fromEntries(exported),
		files: ['dist', 'docs', 'CHANGELOG.md'],
	};
	writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, undefined, '\t')}\n`);
}

function run(program: string, words: readonly string[], cwd: string): string {
	const done = spawnSync(program, words, { cwd, encoding: 'utf8' });
	if (done.status === 0) return done.stdout;
	throw new Error(`${program} ${words.join(' ')}: ${done.error?.message ?? `${done.stdout}${done.stderr}`}`);
}

if (import.meta.main) {
	const folder = process.argv[2];
	if (folder === undefined) throw new Error('Name the folder that the tarball is written to.');
	console.log(packEndpoint(folder));
}
