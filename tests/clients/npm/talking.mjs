// How these programs speak with their test: a line of JSON at a time.

import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export const REDIRECT_URI = "http://127.0.0.1:8765/callback";

/** What the test gives next. */
export async function given() {
  return JSON.parse((await lines.next()).value);
}

/** Have a person visit this address; where the browser was sent in the end. */
export async function opened(url) {
  say({ open: String(url) });
  return new URL(await given());
}

/** Tell the test. */
export function say(what) {
  process.stdout.write(JSON.stringify(what) + "\n");
}
