/** Where the fields of the kernel's message structures stand, in bytes: 64-bit little-endian Linux. */
export const MessageHeader = {
	name: 0,
	nameLength: 8,
	vectors: 16,
	vectorCount: 24,
	control: 32,
	controlLength: 40,
	flags: 48,
	/** Length of a msghdr. */
	bytes: 56,
	/** In a mmsghdr: the length of the message, straight behind the msghdr. */
	messageLength: 56,
	/** Length of a mmsghdr. */
	batchBytes: 64,
} as const;

/** struct iovec: address, length. */
export const VECTOR_BYTES = 16;

/** struct cmsghdr: length (with header), level, type, data; the next one starts at a multiple of 8. */
export const ControlHeader = { length: 0, level: 8, type: 12, data: 16 } as const;

export const MSG_DONTWAIT = 0x40;
