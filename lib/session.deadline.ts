/**
 * Says when a time is over. Timers come before sockets: a process that stood still would find the answer
 * after its deadline, so there is one more look for it.
 *
 * @returns what calls it off
 */
export function setDeadline(milliseconds: number, passed: () => void): () => void {
  let isOff = false;
  const look = () => {
    if (!isOff) passed();
  };
  const timer = setTimeout(() => setImmediate(look), milliseconds);
  return () => {
    isOff = true;
    clearTimeout(timer);
  };
}
