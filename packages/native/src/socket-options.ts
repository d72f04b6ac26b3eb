/** Numbers of socket options on Linux, x86-64 and arm64 alike. */
export const Level = { IP: 0, Socket: 1, UDP: 17, IPv6: 41 } as const;

export const SocketOption = {
	ReuseAddress: 2,
	Broadcast: 6,
	SendBuffer: 7,
	ReceiveBuffer: 8,
	SendBufferForce: 32,
	ReceiveBufferForce: 33,
	/** An array of 32-bit numbers; [8] counts the datagrams dropped. */
	MemoryInfo: 55,
} as const;

export const IpOption = {
	TypeOfService: 1,
	/** Packets come with their type of service, as control data of type `TypeOfService`. */
	ReceiveTypeOfService: 13,
	TimeToLive: 2,
	MtuDiscover: 10,
	MulticastInterface: 32,
	MulticastTimeToLive: 33,
	MulticastLoop: 34,
	AddMembership: 35,
	DropMembership: 36,
	MulticastAll: 49,
} as const;

export const Ipv6Option = {
	UnicastHops: 16,
	MulticastInterface: 17,
	MulticastHops: 18,
	MulticastLoop: 19,
	MtuDiscover: 23,
	V6Only: 26,
	MulticastAll: 29,
	/** Packets come with their traffic class, as control data of type `TrafficClass`. */
	ReceiveTrafficClass: 66,
	TrafficClass: 67,
} as const;

/** Protocol-independent membership (RFC 3678): level IP or IPv6. */
export const MembershipOption = { Join: 42, Leave: 45, JoinSource: 46, LeaveSource: 47 } as const;

export const UdpOption = { Segment: 103, GenericReceiveOffload: 104 } as const;

/** Value of `MtuDiscover`: clear the don't-fragment bit and let IP fragment what is longer than the MTU. */
export const MTU_DISCOVERY_OFF = 0;
