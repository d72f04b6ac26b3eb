/** Names that a hostile or broken sender may offer, and what a receiver has to say to them. */

const long = (length: number, character = 'n') => character.repeat(length);

/** Names that must be answered "rejected", whatever the type of the entry. */
export const refusedNames: readonly (readonly [why: string, name: string])[] = [
	['empty', ''],
	['the parent directory', '..'],
	['the parent directory with a slash', '../'],
	['a file beside the destination', '../a'],
	['a way out in the middle', 'a/../../b'],
	['a way out and back', 'a/../b'],
	['a way out at the end', 'a/..'],
	['a way out behind a harmless name with dots', 'a..b/../../x'],
	['a way out behind "."', './../a'],
	['absolute', '/etc/uftp-storage-test'],
	['absolute with a doubled slash', '//etc/uftp-storage-test'],
	['the root directory', '/'],
	['a NUL character', 'a\0b'],
	['a NUL character behind a way out', '..\0'],
	['a trailing slash', 'a/'],
	['a doubled slash', 'a//b'],
	['only slashes', '///'],
	['the destination itself', '.'],
	['the destination itself, longer', './.'],
	['a component of 256 bytes', long(256)],
	['a component of 256 bytes in UTF-8', long(128, 'é')],
	['301 bytes in all', `${long(150)}/${long(150)}`],
	['thousands of bytes', long(40_000, 'a/')],
];

/** Names that look odd and are allowed; the second is where the file ends up. */
export const allowedNames: readonly (readonly [name: string, lands: string])[] = [
	['..foo', '..foo'],
	['foo..', 'foo..'],
	['...', '...'],
	['a..b/c', 'a..b/c'],
	['./a', 'a'],
	['a/./b', 'a/b'],
	['with space', 'with space'],
	[' ', ' '],
	['-rf', '-rf'],
	['*', '*'],
	['a\nb', 'a\nb'],
	['back\\slash', 'back\\slash'],
	['äöü/Ж/日本語/🦉', 'äöü/Ж/日本語/🦉'],
	[long(255), long(255)],
	[`${long(149)}/${long(150)}`, `${long(149)}/${long(150)}`],
	['four', 'four'],
	['a/b/c/d/e/f/g/h', 'a/b/c/d/e/f/g/h'],
];

/** Targets of symbolic links that lead out of the destination when the link stands `depth` directories below it. */
export const refusedLinks: readonly (readonly [depth: number, target: string])[] = [
	[0, ''],
	[0, 'a\0b'],
];

/** Targets inside the destination and outside: a link says what it said at the sender. */
export const allowedLinks: readonly (readonly [depth: number, target: string])[] = [
	[0, 'a'],
	[0, '..a'],
	[0, 'a/b/c'],
	[0, '.'],
	[1, '../a'],
	[1, '..'],
	[2, '../../a/b'],
	[2, './../b'],
	[0, '..'],
	[0, '/etc/passwd'],
	[0, 'a/../..'],
	[1, '../../..'],
	[2, '../x/../../..'],
];
