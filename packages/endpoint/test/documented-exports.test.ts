import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const packages = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(path, 'utf8');

/** The file behind a relative path or a package of this repository; undefined: a library of others. */
function fileOf(specifier: string, from: string): string | undefined {
	if (specifier.startsWith('.')) return join(dirname(from), specifier);
	const [, name, subpath = ''] = /^@uftp\/([\w-]+)(\/[\w-]+)?$/.exec(specifier) ?? [];
	if (name === undefined) return undefined;
	const { exports } = JSON.parse(read(join(packages, name, 'package.json'))) as { exports: Record<string, string> };
	return join(packages, name, exports[`.${subpath}`] as string);
}

/** Every name that a module exports, with the file in which it is declared and its name there. */
function exportsOf(path: string): Map<string, { readonly file: string; readonly name: string }> {
	const found = new Map<string, { readonly file: string; readonly name: string }>();
	const text = read(path);
	for (const [, star, list = '', specifier = ''] of text.matchAll(
		/^export (?:type )?(?:(\*)|\{([^}]*)\}) from '([^']+)';/gm,
	)) {
		const file = fileOf(specifier, path);
		if (file === undefined || !existsSync(file)) throw new Error(`${path}: where is ${specifier}?`);
		const inner = exportsOf(file);
		if (star !== undefined) for (const [name, origin] of inner) found.set(name, origin);
		for (const item of list.split(',').map((each) => each.trim().replace(/^type /, ''))) {
			if (item === '') continue;
			const [name = '', alias = name] = item.split(' as ');
			const origin = inner.get(name);
			if (origin === undefined) throw new Error(`${file} does not export ${name}`);
			found.set(alias, origin);
		}
	}
	for (const [, name = ''] of text.matchAll(
		/^export (?:declare |abstract |async )*(?:class|function\*?|const|interface|type) (\w+)/gm,
	)) {
		found.set(name, { file: path, name });
	}
	return found;
}

/** Whether a doc comment stands before the declaration, or heads the file of which it is the only subject. */
function isDocumented({ file, name }: { readonly file: string; readonly name: string }): boolean {
	return new RegExp(
		`\\*/\\nexport (?:declare |abstract |async )*(?:class|function\\*?|const|interface|type) ${name}\\b`,
	).test(read(file));
}

it('every name that the library exports has a doc comment', () => {
	const names = exportsOf(join(import.meta.dirname, '../src/index.ts'));
	expect(names.size).toBeGreaterThan(60);
	const bare = [...names].filter(([, origin]) => !isDocumented(origin));
	expect(bare.map(([name, { file }]) => `${name} (${file.slice(packages.length + 1)})`)).toEqual([]);
});
