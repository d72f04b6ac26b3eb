/** Sending: files, or bytes from functions, to receivers. */
export { FirstUse, type PinEvent } from './first-use.ts';
export { sendFiles, type WhatToSend } from './send-files.ts';
export type {
	SendHooks,
	Sending,
	SendingEnd,
	SendingEvent,
	SendingFailure,
	SendingOpened,
} from './sending.ts';
export type { SendSettings } from './settings.ts';
