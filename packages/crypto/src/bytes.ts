/** Arrays of bytes end to end, in one of their own. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
	let length = 0;
	for (const part of parts) length += part.length;
	const all = new Uint8Array(length);
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

/** The bytes of an ASCII word. */
export function asciiBytes(text: string): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(text.length);
	for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
	return bytes;
}

/** Without its leading zeros. */
export function trimmedNumber(bytes: Uint8Array): Uint8Array {
	let start = 0;
	while (start < bytes.length && bytes[start] === 0) start += 1;
	return bytes.subarray(start);
}
