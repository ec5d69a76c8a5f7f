import { findRedis, NoRedisError } from './find-redis.js';
import { Shop } from './shop.js';

try {
  const redis = await findRedis(process.env);
  const shop = new Shop(redis);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void shop.stop());
  await shop.start();
} catch (error) {
  if (!(error instanceof NoRedisError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
