/** A network interface as the kernel describes it. */
export interface NetworkInterface {
	readonly name: string;
	/** The kernel's number, as `ip link` shows it. */
	readonly index: number;
	readonly ipv4: readonly string[];
	readonly ipv6: readonly string[];
	readonly mtu: number;
	readonly isUp: boolean;
	readonly isMulticast: boolean;
	readonly isLoopback: boolean;
}
