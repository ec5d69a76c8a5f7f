import { MemorySessionRegistry } from 'nestjs-typed-session';
import { signedInWith } from './signed-in.js';

export default signedInWith({ registry: new MemorySessionRegistry() });
