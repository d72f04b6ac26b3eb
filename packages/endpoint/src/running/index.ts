/** What the running endpoints of all three kinds have in common: events, faults, limits of hooks. */
export { EventFeed } from './event-feed.ts';
export { EventHook, type EventHookOptions } from './event-hook.ts';
export { type Fault, type OnFault, reportFault } from './fault-log.ts';
export { HOOK_MS_MAX } from './limits.ts';
export { withinLimit } from './within-limit.ts';
