/** A tree as people have them: deep, with names that programs stumble over, many files empty, few large. */

export type OddEntry =
	| { readonly path: string; readonly bytes: number }
	| { readonly path: string; readonly directory: true }
	| { readonly path: string; readonly link: string };

/** All of these stand before the number of a file, some of them in names of folders. */
const words = [
	'plain',
	'with spaces in it',
	'-rf',
	'--help',
	'.hidden',
	'Grüße aus Köln',
	'漢字とかな',
	'привет',
	'🚀 emoji',
	'it\'s "quoted"',
	'a:colon;and,more',
	'50% #1 & $HOME ~ *?[x]',
	'trailing dot.',
	'back\\slash',
	'tab\there',
	'e\u0301 decomposed',
	'l'.repeat(120),
] as const;

/** Levels of folders below the root; with the names above a path stays below the 300 bytes of the wire. */
const DEPTH_MAX = 12;
const FOLDER_FANOUT = 7;
const EMPTY_SHARE = 0.4;
/** Sizes before they are scaled: from 2^0 to 2^20, evenly by their logarithm. */
const SIZE_LOG2_MAX = 20;

/** What is no file: it travels too, and is not counted. */
const others: readonly OddEntry[] = [
	{ path: 'd0 0/nothing in it', directory: true },
	{ path: 'a link -> somewhere', link: 'plain 0' },
	{ path: 'd0 1/a dangling link', link: '../not there' },
];

/**
 * `files` files of `bytes` bytes in all, with a few folders and links beside them; the same for the same numbers.
 * Throws a RangeError for no file.
 */
export function oddTree(files: number, bytes: number): OddEntry[] {
	if (files < 1 || bytes < 0) throw new RangeError('a tree has at least one file');
	const random = seeded(files);
	const weights = Array.from({ length: files }, (_, index) =>
		index > 0 && random() < EMPTY_SHARE ? 0 : 2 ** (random() * SIZE_LOG2_MAX),
	);
	const sum = weights.reduce((total, weight) => total + weight, 0);
	let left = bytes;
	const sizes = weights.map((weight) => {
		const size = Math.min(left, Math.floor((bytes * weight) / sum));
		left -= size;
		return size;
	});
	// What rounding has left over: the tree has exactly as many bytes as were asked for.
	sizes[0] = (sizes[0] as number) + left;
	const entries = sizes.map((size, index) => ({ path: `${folderOf(index)}${nameOf(index)}`, bytes: size }));
	return [...entries, ...others];
}

function nameOf(index: number): string {
	return `${words[index % words.length]} ${index}`;
}

/** Files with near numbers share folders; the deepest paths have `DEPTH_MAX` of them. */
function folderOf(index: number): string {
	const depth = index % (DEPTH_MAX + 1);
	let path = '';
	for (let level = 0; level < depth; level++) {
		const branch = Math.floor(index / (50 * (level + 1))) % FOLDER_FANOUT;
		const word = level % 5 === 4 ? words[(branch + level) % (words.length - 1)] : `d${level}`;
		path += `${word} ${branch}/`;
	}
	return path;
}

/** Numbers from 0 to below 1 (a linear congruential generator is random enough for sizes). */
function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}
