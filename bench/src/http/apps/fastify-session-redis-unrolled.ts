import { fastifySessionWith } from './fastify-session-redis.js';

/** A session then ends a day after its last change, however much it is used. */
export default fastifySessionWith({ rolling: false });
