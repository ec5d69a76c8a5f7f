import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  type FactoryProvider,
  type Provider,
  type ValueProvider,
} from '@nestjs/common';
import { askForSecrets, hasSecretSource } from './secret.options.js';
import type { SessionModuleOptions } from './session.options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<SessionModuleOptions>({ moduleName: 'Session' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createSessionOptions')
    .build();

/** The options as Nest keeps them: an application that is logged does not show its secrets. */
export class ProvidedOptions {
  readonly #options: SessionModuleOptions | undefined;

  constructor(options: SessionModuleOptions | undefined) {
    this.#options = options;
  }

  reveal(): SessionModuleOptions | undefined {
    return this.#options;
  }
}

/** The module with its options out of sight. */
export function withHiddenOptions(module: DynamicModule): DynamicModule {
  return { ...module, providers: module.providers?.map(withHiddenValue) };
}

function withHiddenValue(provider: Provider): Provider {
  if (typeof provider === 'function' || provider.provide !== MODULE_OPTIONS_TOKEN) return provider;
  if ('useValue' in provider) {
    const { useValue } = provider as ValueProvider<SessionModuleOptions>;
    if (!hasSecretSource(useValue)) return { ...provider, useValue: new ProvidedOptions(useValue) };
    const { provide } = provider;
    return { provide, useFactory: async () => new ProvidedOptions(await askForSecrets(useValue)) };
  }
  const { useFactory } = provider as FactoryProvider<SessionModuleOptions>;
  return {
    ...provider,
    useFactory: async (...args: unknown[]) =>
      new ProvidedOptions(await askForSecrets(await useFactory(...args))),
  } as FactoryProvider;
}
