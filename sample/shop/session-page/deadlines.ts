import ms, { type StringValue } from 'ms';
import type { SessionOptions } from 'nestjs-typed-session';
import { showDate } from '../dates.js';

/** Both deadlines of a session, which count down on the page. */
export function showDeadlines(
  { createdAt, expiresAt }: { createdAt: Date; expiresAt: Date },
  { absoluteTimeout }: SessionOptions,
) {
  const unused = showDeadline(
    'Ends if you stay away',
    'Using the shop moves it.',
    createdAt,
    expiresAt,
  );
  if (absoluteTimeout === undefined) return [unused];
  const end = new Date(createdAt.getTime() + millisecondsOf(absoluteTimeout));
  return [unused, showDeadline('Ends at the latest', 'Nothing moves it.', createdAt, end)];
}

function showDeadline(name: string, text: string, start: Date, end: Date) {
  return { name, text, start: start.toISOString(), end: showDate(end) };
}

/** As the options of the module take it: seconds, or a text with its unit. */
function millisecondsOf(duration: number | string): number {
  return typeof duration === 'number' ? duration * 1000 : ms(duration as StringValue);
}
