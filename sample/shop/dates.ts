const LONG = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'UTC',
});

const SHORT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZone: 'UTC',
});

/** A date as a `<time>` shows it, or a narrow column. */
export function showDate(date: Date) {
  return { iso: date.toISOString(), text: `${LONG.format(date)} UTC`, short: SHORT.format(date) };
}
