/** Contents of simulated files: a function of file and position, so that nobody has to keep them. */

export function contentByte(file: number, offset: number): number {
	const mixed = Math.imul((offset % 0x7fffffff) + file * 7919 + 1, 0x9e3779b1);
	return ((mixed >>> 24) ^ mixed) & 0xff;
}

export function fillContent(file: number, offset: number, bytes: Uint8Array, at: number, length: number): void {
	for (let i = 0; i < length; i++) bytes[at + i] = contentByte(file, offset + i);
}

/** The first position at which bytes differ from the file's content, or -1. */
export function findDifference(file: number, offset: number, bytes: Uint8Array, at: number, length: number): number {
	for (let i = 0; i < length; i++) if (bytes[at + i] !== contentByte(file, offset + i)) return offset + i;
	return -1;
}
