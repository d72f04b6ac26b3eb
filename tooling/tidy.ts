import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { codeOnly, importsOf, lineAt } from './code-text.ts';
import { brokenReferences } from './document-rules.ts';
import type { Finding, TidyFile } from './finding.ts';
import { importCircles } from './import-circles.ts';

const maxFileLines = 400;
const maxFolderFiles = 20;

/** The core: pure packages in which everything from outside enters as an argument. */
const corePath = /^packages\/(?:wire|crypto|protocol|sim)\/src\/(?!backends\/|main\.ts$)/;

const coreRefusals: readonly [RegExp, string][] = [
	[/\bMath\.random\b/g, 'Math.random cannot be replayed: take a seeded generator or the random bytes as an argument'],
	[/\bDate\b/g, 'the core reads no clock: take `now` (monotonic milliseconds) as an argument'],
	[/\bperformance\b/g, 'the core reads no clock: take `now` (monotonic milliseconds) as an argument'],
	[/\b(?:setTimeout|setInterval|setImmediate)\b/g, 'the core has no timers: say when to be woken through pollTimeout'],
	[/\b(?:Bun|process|Buffer)\./g, 'the core does not know its runtime: put it behind a port of packages/protocol'],
];

/** What no program shares: the core and the io packages are used by commands, services and libraries alike. */
const neutralPath = /^packages\/(?:crypto|protocol|transport|storage)\/src\//;

const neutralRefusals: readonly [RegExp, string][] = [
	[
		/(?<=[\s(`'"])(?<!(?:sysctl|ulimit|[|&+*/=?:]) )-[A-Za-z](?=[)`'",;:]|\s(?![-|>+*/]))/gm,
		'a flag of one command: name the setting, and let each program have its own words for it (problems of packages/endpoint)',
	],
	[/\bUFTP_[A-Z_]+\b/g, 'a variable of the services: name the setting, and let each program have its own words for it'],
	[/\b(?:uftpctl|uftp_keymgt)\b/g, 'a command: this package does not know which program it is part of'],
];

const codeRefusals: readonly [RegExp, string][] = [
	[
		/(?:[:<|&,]|\bas|\bextends|=)\s*any\b(?!\s*[(:.?])/g,
		'`any` switches the compiler off: use `unknown` and narrow it, or name the type',
	],
];

const testRefusals: readonly [RegExp, string][] = [
	[/\b(?:it|test|describe|bench|suite)(?:\.\w+)*\.only\b/g, 'a focused test hides all others: remove `.only`'],
	[
		/\b(?:it|test|describe|bench|suite)(?:\.\w+)*\.(?:skip|todo)\b/g,
		'a skipped test proves nothing: make it pass or delete it',
	],
	[
		/\b(?:xit|xtest|xdescribe|fit|fdescribe)\s*\(/g,
		'a skipped or focused test proves nothing: make it pass or delete it',
	],
];

// Spelled in pieces, so that this file does not find itself.
const textRefusals: readonly [RegExp, string][] = [
	[new RegExp(`\\b(?:TO${'DO'}|FIX${'ME'}|XX${'X'})\\b`, 'g'), 'do it now, or open an issue and leave no note'],
	[
		/https?:\/\/registry\.[\w-]+\.\w+/g,
		'no registry has a place in the repository: leave it to the configuration of the machine',
	],
	[
		new RegExp(`(?<![\\w.~}-])/(?:wo${'rk'}|ro${'ot'}|ho${'me'}/\\w+)/`, 'g'),
		'a path of one machine: use a path from the repository, or a temporary folder',
	],
];

const sourceFile = /\.ts$/;
const scriptFile = /(?:\.sh|^bin\/\w+|^\.ci\/run)$/;
const testFile = /(?:^|\/)test\//;
const generatedFile = /(?:^|\/)package-lock\.json$|^LICENSE$/;

/** Looks at every file and returns what is out of place, in the order of the files. */
export function tidy(files: readonly TidyFile[]): Finding[] {
	const findings = files.flatMap(tidyFile);
	return [
		...findings,
		...crowdedFolders(files.map((file) => file.path)),
		...importCircles(files),
		...staleLockfile(files),
		...brokenReferences(files),
	];
}

function tidyFile(file: TidyFile): Finding[] {
	const findings: Finding[] = [];
	const { path, text } = file;
	if (path.endsWith('package-lock.json')) return lockfile(file);
	if (generatedFile.test(path)) return [];
	refuse(findings, path, text, textRefusals);
	if (path.endsWith('package.json')) findings.push(...manifest(file));
	if (sourceFile.test(path) || scriptFile.test(path)) findings.push(...tooLong(file));
	if (!sourceFile.test(path)) return findings;
	const code = codeOnly(text);
	refuse(findings, path, code, codeRefusals);
	refuse(findings, path, text, [
		[/^\s*\/\/\s*@ts-(?:ignore|nocheck)/gm, 'the compiler is not to be silenced: fix the type'],
	]);
	if (neutralPath.test(path)) refuse(findings, path, text, neutralRefusals);
	if (corePath.test(path)) refuse(findings, path, code, coreRefusals);
	if (testFile.test(path)) refuse(findings, path, code, testRefusals);
	return [...findings, ...misplacedImports(file)];
}

function refuse(findings: Finding[], path: string, text: string, refusals: readonly [RegExp, string][]): void {
	for (const [pattern, instead] of refusals) {
		for (const match of text.matchAll(pattern)) {
			findings.push({ path, line: lineAt(text, match.index), what: `\`${match[0].trim()}\`: ${instead}` });
		}
	}
}

function tooLong({ path, text }: TidyFile): Finding[] {
	const lines = text.split('\n').length - 1;
	if (lines <= maxFileLines) return [];
	const what = `${lines} lines, at most ${maxFileLines}: find the noun in it that deserves a file of its own`;
	return [{ path, line: 0, what }];
}

function lockfile({ path, text }: TidyFile): Finding[] {
	const at = text.search(/"resolved": "(?:https?|git)/);
	if (at < 0) return [];
	const what = 'an address of a registry: .npmrc says omit-lockfile-registry-resolved=true; run npm install with it';
	return [{ path, line: lineAt(text, at), what }];
}

function manifest({ path, text }: TidyFile): Finding[] {
	const findings: Finding[] = [];
	refuse(findings, path, text, [
		[/"workspace:[^"]*"/g, 'npm does not know it: write "*"'],
		[
			/"(?:pre|post)?install":/g,
			'nothing may depend on install scripts, npm does not run them unasked: do it where it is needed',
		],
	]);
	// Through crypto these packages reach native, so the package tags of turbo.json cannot tell a direct way from that one.
	if (/^packages\/(?:wire|protocol|sim|service-kit)\//.test(path)) {
		refuse(findings, path, text, [[/"@uftp\/native":/g, 'this package calls no foreign functions: use a port']]);
	}
	return findings;
}

/** The folder whose package.json a path belongs to; '' is the top. */
function packageOf(path: string): string {
	return /^(?:packages|services|apps)\/[^/]+|^(?:interop|bench)(?=\/)/.exec(path)?.[0] ?? '';
}

function misplacedImports({ path, text }: TidyFile): Finding[] {
	const findings: Finding[] = [];
	const home = packageOf(path);
	for (const { module, line } of importsOf(text)) {
		const what = misplacedImport(path, home, module);
		if (what !== undefined) findings.push({ path, line, what: `\`${module}\`: ${what}` });
	}
	return findings;
}

function misplacedImport(path: string, home: string, module: string): string | undefined {
	if (/^@uftp\/[^/]+\/(?:src|test)\b/.test(module)) {
		return 'is a deep path into a package: import what its index exports, or export it there';
	}
	if (module.startsWith('.')) {
		const target = normalize(join(dirname(path), module));
		if (packageOf(target) === home && !target.startsWith('..')) return undefined;
		return 'leaves its package: depend on the other package by its name';
	}
	const service = /^services\/([^/]+)/.exec(home)?.[1];
	if (service !== undefined && /^@uftp\/service-(?!kit\b)/.test(module) && module !== `@uftp/service-${service}`) {
		return 'services never import each other: talk over the bus, or move what they share into a package';
	}
	return undefined;
}

function crowdedFolders(paths: readonly string[]): Finding[] {
	const counts = new Map<string, number>();
	for (const path of paths) {
		if (!sourceFile.test(path)) continue;
		const folder = dirname(path);
		counts.set(folder, (counts.get(folder) ?? 0) + 1);
	}
	return [...counts]
		.filter(([, count]) => count > maxFolderFiles)
		.map(([path, count]) => {
			const what = `${count} source files, at most ${maxFolderFiles}: a group among them deserves a folder`;
			return { path, line: 0, what };
		});
}

/** Workspaces whose dependencies differ from what the lockfile has of them: `npm install` would change it. */
function staleLockfile(files: readonly TidyFile[]): Finding[] {
	const lockfile = files.find((file) => file.path === 'package-lock.json');
	if (lockfile === undefined) return [];
	const locked: { packages: Record<string, unknown> } = JSON.parse(lockfile.text);
	return files
		.filter((file) => /(?:^|\/)package\.json$/.test(file.path))
		.filter((file) => {
			const folder = file.path.slice(0, -'package.json'.length).replace(/\/$/, '');
			return !isDeepStrictEqual(dependenciesOf(locked.packages[folder]), dependenciesOf(JSON.parse(file.text)));
		})
		.map(({ path }) => {
			const what = 'its dependencies are not those in package-lock.json: run npm install and commit both';
			return { path, line: 0, what };
		});
}

function dependenciesOf(manifest: unknown): unknown {
	const kinds = manifest as Record<string, Record<string, string> | undefined> | undefined;
	return ['dependencies', 'devDependencies', 'optionalDependencies'].map((kind) => kinds?.[kind] ?? {});
}

/** The text files of a checkout: what git tracks and what it would track. Throws where git does not answer. */
export function checkoutFiles(root: string): TidyFile[] {
	const git = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
		cwd: root,
		encoding: 'utf8',
		maxBuffer: 64 << 20,
	});
	if (git.status !== 0) {
		throw new Error(`tidy asks git which files belong to the checkout, and git failed: ${git.stderr || git.error}`);
	}
	const files: TidyFile[] = [];
	for (const path of git.stdout.split('\0')) {
		const stat = path === '' ? undefined : lstatSync(join(root, path), { throwIfNoEntry: false });
		if (!stat?.isFile()) continue;
		const text = readFileSync(join(root, path), 'utf8');
		if (!text.includes('\0')) files.push({ path, text });
	}
	return files;
}

if (import.meta.main) {
	const files = checkoutFiles(join(import.meta.dir, '..'));
	const findings = tidy(files);
	for (const { path, line, what } of findings) console.error(`${path}${line > 0 ? `:${line}` : ''}: ${what}`);
	console.log(`tidy: ${files.length} files, ${findings.length} out of place`);
	process.exitCode = findings.length > 0 ? 1 : 0;
}
