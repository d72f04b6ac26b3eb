/** IPv4 or IPv6. */
export type Family = 4 | 6;

/** The family of a literal address. */
export function familyOf(address: string): Family {
	return address.includes(':') ? 6 : 4;
}
