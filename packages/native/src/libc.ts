import { dlopen, FFIType, read } from 'bun:ffi';

const { i32, u32 } = FFIType;
/** Pointers, sizes and file offsets: they fit a JavaScript number on every machine that this runs on. */
const address = FFIType.u64_fast;
const size = FFIType.u64_fast;
const long = FFIType.i64_fast;

const declarations = {
	__errno_location: { args: [], returns: address },
	bind: { args: [i32, address, u32], returns: i32 },
	close: { args: [i32], returns: i32 },
	eventfd: { args: [u32, i32], returns: i32 },
	getsockname: { args: [i32, address, address], returns: i32 },
	getsockopt: { args: [i32, i32, i32, address, address], returns: i32 },
	ioctl: { args: [i32, size, address], returns: i32 },
	mmap: { args: [address, size, i32, i32, i32, long], returns: address },
	prctl: { args: [i32, long, long, long, long], returns: i32 },
	read: { args: [i32, address, size], returns: long },
	recvmmsg: { args: [i32, address, u32, i32, address], returns: i32 },
	recvmsg: { args: [i32, address, i32], returns: long },
	sendmmsg: { args: [i32, address, u32, i32], returns: i32 },
	sendmsg: { args: [i32, address, i32], returns: long },
	sendto: { args: [i32, address, size, i32, address, u32], returns: long },
	setsockopt: { args: [i32, i32, i32, address, u32], returns: i32 },
	socket: { args: [i32, i32, i32], returns: i32 },
	syscall: { args: [long, long, long, long, long, long, long], returns: long },
	timerfd_create: { args: [i32, i32], returns: i32 },
	timerfd_settime: { args: [i32, i32, address, address], returns: i32 },
} as const;

function load(file: string) {
	return dlopen(file, declarations).symbols;
}

/** The C library's functions that this package calls. A negative result means: look at `errno()` at once. */
export type Libc = ReturnType<typeof load>;

/** Either the C library, or a sentence that says why it cannot be called here. */
export type LibcResult =
	| { readonly libc: Libc; readonly why?: undefined }
	| { readonly libc?: undefined; readonly why: string };

/** The names under which glibc and musl are found. */
const LIBRARY_FILES = ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'];

let result: LibcResult | undefined;

/**
 * Loads the C library, once per thread. Never throws: on another system, another processor, or where foreign functions
 * are switched off, `why` says so and the callers take their portable way.
 */
export function loadLibc(): LibcResult {
	result ??= tryLoad();
	return result;
}

function tryLoad(): LibcResult {
	if (process.platform !== 'linux')
		return { why: `foreign functions are used on Linux only, this is ${process.platform}` };
	if (process.arch !== 'x64' && process.arch !== 'arm64') {
		return { why: `the layout of the kernel's structures is known for x64 and arm64 only, this is ${process.arch}` };
	}
	let reason = '';
	for (const file of LIBRARY_FILES) {
		try {
			return { libc: load(file) };
		} catch (error) {
			reason ||= error instanceof Error ? error.message : String(error);
		}
	}
	return { why: `the C library cannot be called: ${reason}` };
}

/**
 * The calling thread's error number. Meaningful only straight after a call that returned a negative result: it is
 * stale otherwise.
 */
export function errno(libc: Libc): number {
	// The location belongs to the thread, and a module is instantiated per thread: but ask each time, it costs 10 ns.
	return read.i32(libc.__errno_location() as unknown as Parameters<typeof read.i32>[0], 0);
}
