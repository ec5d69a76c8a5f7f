/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/lib', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  // Tells what hangs from what a slow machine keeps waiting.
  testTimeout: 60_000,
  // Jest leaves one core to whoever waits; on two cores that is half of the time.
  maxWorkers: '100%',
  setupFilesAfterEnv: ['<rootDir>/test/support/quiet.ts'],
  modulePathIgnorePatterns: [
    '<rootDir>/dist/',
    '<rootDir>/test/consumers/',
    '<rootDir>/test/node-versions/',
  ],
  // The packages that `nestjs-typed-session/adopt` is built on, where they are installed.
  modulePaths: ['<rootDir>/test/integration/node_modules'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^\\./tough-cookie\\.cjs$': '<rootDir>/lib/testing/tough-cookie.cts',
    '^\\./packages\\.cjs$': '<rootDir>/lib/values/packages.cts',
    '^nestjs-typed-session$': '<rootDir>/lib/index.ts',
    '^nestjs-typed-session/adopt$': '<rootDir>/lib/adopt/index.ts',
    '^nestjs-typed-session/testing$': '<rootDir>/lib/testing/index.ts',
    '^nestjs-typed-session/express-session$': '<rootDir>/lib/stores/express-session.store.ts',
    '^nestjs-typed-session/(keyv|redis)$': '<rootDir>/lib/registry/$1.ts',
  },
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'json', 'ts', 'cts'],
  transform: {
    '\\.cts$': [
      '@swc/jest',
      {
        swcrc: false,
        module: { type: 'commonjs' },
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      },
    ],
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            // What tsc does for this target: class fields are defined, not assigned.
            useDefineForClassFields: true,
          },
        },
      },
    ],
  },
};
