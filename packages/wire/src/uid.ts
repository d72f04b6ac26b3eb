/** UIDs: the 32-bit ids of senders, receivers and proxies (docs/protocol.md, section 2.2). */
import { addressFamily, parseIPv4, parseIPv6 } from './address.ts';
import { getU32 } from './primitives.ts';

/** "0x0A630001". */
export function formatUid(uid: number): string {
	return `0x${formatHexId(uid)}`;
}

/** "0A1B2C3D": a session's group id, or a UID, as logs and events have it. */
export function formatHexId(id: number): string {
	return (id >>> 0).toString(16).toUpperCase().padStart(8, '0');
}

/** 0 ends an id list and 0xFFFFFFFF is refused by the C programs: neither can be an id. */
export function isUid(value: number): boolean {
	return Number.isInteger(value) && value > 0 && value < 0xffff_ffff;
}

/** Reads 1 to 8 hex digits, with or without "0x". Undefined for anything else and for the two values that are no id. */
export function parseUid(text: string): number | undefined {
	if (!/^(0[xX])?[0-9a-fA-F]{1,8}$/.test(text)) return undefined;
	const uid = Number.parseInt(text, 16);
	return isUid(uid) ? uid : undefined;
}

/** The default UID of an IPv4 interface: its address in network order (10.99.0.1 is 0x0A630001). */
export function uidFromIPv4(address: string): number | undefined {
	const bytes = parseIPv4(address);
	return bytes === undefined ? undefined : getU32(bytes, 0);
}

/**
 * The default UID of an IPv6 interface: the last four address bytes in reverse (...fed1:6e83 is 0x836ED1FE). That is
 * what the C programs send from little-endian machines, though their manual says "the last 4 bytes".
 */
export function uidFromIPv6(address: string): number | undefined {
	const bytes = parseIPv6(address);
	if (bytes === undefined) return undefined;
	return ((bytes[15] << 24) | (bytes[14] << 16) | (bytes[13] << 8) | bytes[12]) >>> 0;
}

/** The default UID of an interface address of either family; undefined if the text is no address. */
export function uidFromAddress(address: string): number | undefined {
	return addressFamily(address) === 6 ? uidFromIPv6(address) : uidFromIPv4(address);
}
