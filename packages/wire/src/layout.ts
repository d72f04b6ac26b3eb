/**
 * Declarative layouts: one per structure on the wire. A layout names the fields in order; offsets follow from that, and
 * the size that docs/protocol.md, section 4, gives is asserted when the module loads. The diagrams there are drawn from
 * `parts`.
 */
import { assert } from './assert.ts';
import {
	copyBytes,
	getU16,
	getU32,
	getU48,
	getU64,
	getU64Exact,
	setU16,
	setU32,
	setU48,
	setU64,
	setU64Exact,
} from './primitives.ts';

/** One field of a layout. `at` is where the structure starts, not the field. Integer fields allocate nothing. */
export interface Field<T> {
	/** Bytes from the start of the structure. */
	readonly offset: number;
	get(bytes: Uint8Array, at: number): T;
	set(bytes: Uint8Array, at: number, value: T): void;
}

/** How a value of type T looks on the wire. */
export interface Kind<T> {
	readonly size: number;
	field(offset: number): Field<T>;
}

/** Bytes that are zero when written and ignored when read. */
export interface Reserved {
	readonly size: number;
	readonly reserved: true;
}

type Shape = Readonly<Record<string, Kind<unknown> | Reserved>>;

/** The plain object that a layout describes: its fields without the reserved ones. */
export type Values<S extends Shape> = {
	[K in keyof S as S[K] extends Reserved ? never : K]: S[K] extends Kind<infer T> ? T : never;
};

type Fields<S extends Shape> = {
	readonly [K in keyof S as S[K] extends Reserved ? never : K]: S[K] extends Kind<infer T> ? Field<T> : never;
};

/** What a layout has at one place, reserved bytes included. */
export interface LayoutPart {
	readonly name: string;
	readonly offset: number;
	readonly size: number;
	readonly isReserved: boolean;
}

export interface Layout<S extends Shape> {
	/** Bytes on the wire. */
	readonly size: number;
	/** Everything in wire order, without gaps. */
	readonly parts: readonly LayoutPart[];
	readonly fields: Fields<S>;
	/** Reads the whole structure into a new object. The caller has checked that `size` bytes are there. */
	decode(bytes: Uint8Array, at: number): Values<S>;
	/** Writes the whole structure, reserved bytes as zero. The caller has checked that there is room. */
	encode(bytes: Uint8Array, at: number, values: Values<S>): void;
}

// The accessors of each kind are closures of their own so that a call of one field is compiled for that kind alone.

export const u8: Kind<number> = {
	size: 1,
	field: (offset) => ({
		offset,
		get: (bytes, at) => bytes[at + offset],
		set: (bytes, at, value) => {
			bytes[at + offset] = value;
		},
	}),
};

export const u16: Kind<number> = {
	size: 2,
	field: (offset) => ({
		offset,
		get: (bytes, at) => getU16(bytes, at + offset),
		set: (bytes, at, value) => setU16(bytes, at + offset, value),
	}),
};

export const u32: Kind<number> = {
	size: 4,
	field: (offset) => ({
		offset,
		get: (bytes, at) => getU32(bytes, at + offset),
		set: (bytes, at, value) => setU32(bytes, at + offset, value),
	}),
};

export const u48: Kind<number> = {
	size: 6,
	field: (offset) => ({
		offset,
		get: (bytes, at) => getU48(bytes, at + offset),
		set: (bytes, at, value) => setU48(bytes, at + offset, value),
	}),
};

/** 64 bits as a number: exact up to 2^53 - 1. */
export const u64: Kind<number> = {
	size: 8,
	field: (offset) => ({
		offset,
		get: (bytes, at) => getU64(bytes, at + offset),
		set: (bytes, at, value) => setU64(bytes, at + offset, value),
	}),
};

/** 64 bits as a bigint: always exact, allocates. */
export const u64Exact: Kind<bigint> = {
	size: 8,
	field: (offset) => ({
		offset,
		get: (bytes, at) => getU64Exact(bytes, at + offset),
		set: (bytes, at, value) => setU64Exact(bytes, at + offset, value),
	}),
};

/** A time as UFTP 4.x sends it. Only its sender interprets it; everybody else echoes it, advanced by the holding time. */
export interface Timestamp {
	readonly seconds: number;
	readonly microseconds: number;
}

export const timestamp: Kind<Timestamp> = {
	size: 8,
	field: (offset) => ({
		offset,
		get: (bytes, at) => ({ seconds: getU32(bytes, at + offset), microseconds: getU32(bytes, at + offset + 4) }),
		set: (bytes, at, value) => {
			setU32(bytes, at + offset, value.seconds);
			setU32(bytes, at + offset + 4, value.microseconds);
		},
	}),
};

/** Exactly `size` bytes; `get` copies. Writing an array of another length is a RangeError. */
export function fixedBytes(size: number): Kind<Uint8Array> {
	return {
		size,
		field: (offset) => ({
			offset,
			get: (bytes, at) => bytes.slice(at + offset, at + offset + size),
			set: (bytes, at, value) => {
				if (value.length !== size) {
					throw new RangeError(`a field of ${size} bytes was given ${value.length}; pass exactly ${size} bytes`);
				}
				copyBytes(value, 0, bytes, at + offset, size);
			},
		}),
	};
}

export function reserved(size: number): Reserved {
	return { size, reserved: true };
}

/**
 * Builds a layout from its fields in wire order. `size` is what they must come to; a mismatch is a
 * programming error and throws when the module loads.
 */
export function layout<const S extends Shape>(size: number, shape: S): Layout<S> {
	const fields: Record<string, Field<unknown>> = {};
	const parts: LayoutPart[] = [];
	let offset = 0;
	for (const [name, kind] of Object.entries(shape)) {
		const isReserved = 'reserved' in kind;
		if (!isReserved) fields[name] = kind.field(offset);
		parts.push({ name, offset, size: kind.size, isReserved });
		offset += kind.size;
	}
	assert(offset === size, `layout of ${size} bytes adds up to ${offset}: ${Object.keys(shape).join(', ')}`);
	const entries = Object.entries(fields);
	return {
		size,
		parts,
		fields: fields as unknown as Fields<S>,
		decode(bytes, at) {
			const values: Record<string, unknown> = {};
			for (const [name, field] of entries) values[name] = field.get(bytes, at);
			return values as Values<S>;
		},
		encode(bytes, at, values) {
			bytes.fill(0, at, at + size);
			for (const [name, field] of entries) field.set(bytes, at, (values as Record<string, unknown>)[name]);
		},
	};
}
