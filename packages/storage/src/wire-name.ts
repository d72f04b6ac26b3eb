/**
 * Names as they travel in a FILEINFO: what may stand in one, and how it is shown in a sentence. Pure: used by the memory
 * drivers too, which must run without a platform.
 */
import { encodeUtf8, MAX_NAME_BYTES } from '@uftp/wire';

/** Bytes of one component that file systems accept. */
export const maxComponentBytes = 255;

/** Whether `text` has more than `limit` bytes on the wire. */
export function isLonger(text: string, limit: number): boolean {
	return text.length * 3 > limit && encodeUtf8(text).length > limit;
}

/** The name as it may stand in a log line: quoted, control characters escaped, cut to a sane length. */
export function quoted(name: string): string {
	return JSON.stringify(name.length > 320 ? `${name.slice(0, 317)}...` : name).replace(
		/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

/** A name taken apart, or why it cannot be taken. */
export type NameParts =
	| { readonly ok: true; readonly absolute: boolean; readonly components: readonly string[] }
	| { readonly ok: false; readonly reason: string };

/**
 * Takes a name from the network apart and tests every component. "." components say nothing and are dropped: the C
 * sender puts them there for `uftp .`; a name of nothing else has no components left, which only a free-space request
 * may have.
 */
export function splitName(name: string): NameParts {
	if (name === '') return refused('the name is empty');
	if (name.includes('\0')) return refused(`the name ${quoted(name)} contains a NUL character`);
	if (isLonger(name, MAX_NAME_BYTES)) return refused(`the name ${quoted(name)} is longer than ${MAX_NAME_BYTES} bytes`);
	const absolute = name.startsWith('/');
	const components: string[] = [];
	for (const component of (absolute ? name.slice(1) : name).split('/')) {
		if (component === '.') continue;
		const reason = componentFault(component);
		if (reason !== undefined) return refused(`the name ${quoted(name)} ${reason}`);
		components.push(component);
	}
	return { ok: true, absolute, components };
}

function refused(reason: string): NameParts {
	return { ok: false, reason };
}

function componentFault(component: string): string | undefined {
	if (component === '') return 'has an empty component (a doubled or trailing "/")';
	if (component === '..') return 'has a ".." component, which could leave the destination directory';
	if (isLonger(component, maxComponentBytes)) return `has a component longer than ${maxComponentBytes} bytes`;
	return undefined;
}

/**
 * Why a received symbolic link must not be made, or undefined. Wherever it points, as with C receivers: nothing that
 * arrives later is stored through a link, so what a link says leads only those who follow it.
 */
export function linkFault(link: string): string | undefined {
	if (link === '') return 'its target is empty';
	return link.includes('\0') ? 'its target contains a NUL character' : undefined;
}
