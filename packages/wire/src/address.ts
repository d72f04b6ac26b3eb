/** IPv4 and IPv6 literals as text and as bytes. Text is canonical: dotted decimal, and RFC 5952 for IPv6. */

/** IP version: of an address, or of a socket, where an IPv6 socket never carries IPv4. */
export type Family = 4 | 6;

/** Four bytes, or undefined if the text is not a dotted IPv4 literal. Leading zeros are refused: they mean octal to some. */
export function parseIPv4(text: string): Uint8Array | undefined {
	const parts = text.split('.');
	if (parts.length !== 4) return undefined;
	const bytes = new Uint8Array(4);
	for (let i = 0; i < 4; i++) {
		if (!/^(0|[1-9]\d{0,2})$/.test(parts[i]) || Number(parts[i]) > 255) return undefined;
		bytes[i] = Number(parts[i]);
	}
	return bytes;
}

/** Groups of one side of '::' as 16-bit numbers; a dotted tail counts as two. Undefined if one is no hex group. */
function parseGroups(text: string, dottedAllowed: boolean): number[] | undefined {
	if (text === '') return [];
	const groups: number[] = [];
	const parts = text.split(':');
	for (let i = 0; i < parts.length; i++) {
		const part = parts[i];
		if (dottedAllowed && i === parts.length - 1 && part.includes('.')) {
			const tail = parseIPv4(part);
			if (tail === undefined) return undefined;
			groups.push((tail[0] << 8) | tail[1], (tail[2] << 8) | tail[3]);
		} else {
			if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
			groups.push(Number.parseInt(part, 16));
		}
	}
	return groups;
}

/** Sixteen bytes, or undefined if the text is not an IPv6 literal. A zone ("%eth0") is not part of the literal. */
export function parseIPv6(text: string): Uint8Array | undefined {
	const halves = text.split('::');
	if (halves.length > 2) return undefined;
	const head = parseGroups(halves[0], halves.length === 1);
	const tail = halves.length === 2 ? parseGroups(halves[1], true) : [];
	if (head === undefined || tail === undefined) return undefined;
	const missing = 8 - head.length - tail.length;
	// '::' stands for at least one group.
	if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
	const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
	const bytes = new Uint8Array(16);
	groups.forEach((group, i) => {
		bytes[2 * i] = group >> 8;
		bytes[2 * i + 1] = group;
	});
	return bytes;
}

/** Four bytes of an IPv4 literal, sixteen of an IPv6 literal, undefined for any other text. */
export function parseAddress(text: string): Uint8Array | undefined {
	return addressFamily(text) === 6 ? parseIPv6(text) : parseIPv4(text);
}

/** Text of the `size` (4 or 16) address bytes at `at`. */
export function formatAddress(bytes: Uint8Array, at: number, size: 4 | 16): string {
	return size === 4 ? formatIPv4(bytes, at) : formatIPv6(bytes, at);
}

function formatIPv4(bytes: Uint8Array, at: number): string {
	return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** Start and length of the first longest run of at least two zero groups; length 0 if there is none. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
	let best = { start: 0, length: 0 };
	for (let start = 0; start < groups.length; start++) {
		let length = 0;
		while (start + length < groups.length && groups[start + length] === 0) length++;
		if (length >= 2 && length > best.length) best = { start, length };
		start += length;
	}
	return best;
}

function formatIPv6(bytes: Uint8Array, at: number): string {
	const groups: number[] = [];
	for (let i = 0; i < 16; i += 2) groups.push((bytes[at + i] << 8) | bytes[at + i + 1]);
	const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
	if (mapped) return `::ffff:${formatIPv4(bytes, at + 12)}`;
	const text = groups.map((group) => group.toString(16));
	const run = longestZeroRun(groups);
	if (run.length === 0) return text.join(':');
	return `${text.slice(0, run.start).join(':')}::${text.slice(run.start + run.length).join(':')}`;
}

/** 4 or 6 by the form of a literal (which is not checked further). */
export function addressFamily(text: string): Family {
	return text.includes(':') ? 6 : 4;
}

/** 224.0.0.0/4 or ff00::/8. False for text that is no address. */
export function isMulticast(text: string): boolean {
	const bytes = parseAddress(text);
	if (bytes === undefined) return false;
	return bytes.length === 4 ? bytes[0] >> 4 === 0xe : bytes[0] === 0xff;
}

/** Whether UFTP takes the group as source-specific: 232.0.0.0/8, or ffXX with a bit of 0x30 set in the flags. */
export function isSourceSpecificMulticast(text: string): boolean {
	const bytes = parseAddress(text);
	if (bytes === undefined) return false;
	return bytes.length === 4 ? bytes[0] === 232 : bytes[0] === 0xff && (bytes[1] & 0x30) !== 0;
}

/** 0.0.0.0 or ::, what an ANNOUNCE carries in unicast mode. */
export function isUnspecified(text: string): boolean {
	return parseAddress(text)?.every((byte) => byte === 0) === true;
}
