/** IP version of a socket: an IPv6 socket never carries IPv4. */
export type Family = 4 | 6;
