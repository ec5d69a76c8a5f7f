/**
 * Begins to count for how long this process works. The clock on the wall would count what other
 * processes do, too, and how long the machine stands still.
 *
 * @returns what gives the milliseconds since
 */
export function countCpuTime(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}
