import { Logger } from '@nestjs/common';

// What a test wants to see of the log, it takes by a logger of its own or a spy.
Logger.overrideLogger(false);
