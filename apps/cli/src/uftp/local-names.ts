/** What the sender's log calls a file: its name on the wire without what -D changed about it. */
import { lastName, resolvePath } from '@uftp/storage/paths';

/** From the names of -D and the arguments, a function from a name on the wire to the local one. */
export function localNames(
	files: readonly string[],
	destinationName: string | undefined,
): (wireName: string) => string {
	if (destinationName === undefined) return (wireName) => wireName;
	const above = destinationName.replace(/\/+$/, '');
	if (files.length > 1) {
		return (wireName) => (wireName.startsWith(`${above}/`) ? wireName.slice(above.length + 1) : wireName);
	}
	const own = lastName(resolvePath(files[0] ?? ''));
	return (wireName) => {
		if (wireName === above) return own;
		return wireName.startsWith(`${above}/`) ? `${own}${wireName.slice(above.length)}` : wireName;
	};
}
