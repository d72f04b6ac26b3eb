/**
 * How long a sink, source or hook of the application may take to return, in milliseconds, where it may be asynchronous:
 * what takes longer ends its session as `internal`, as an exception does.
 */
export const HOOK_MS_MAX = 30_000;
