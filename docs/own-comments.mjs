/**
 * A plugin of TypeDoc: fails the build for an exported class or interface without a comment of its own.
 * TypeDoc itself takes the comment of what it extends.
 */
import { Converter, ReflectionKind } from 'typedoc';

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const one of project.getReflectionsByKind(ReflectionKind.ClassOrInterface)) {
      if (!one.hasComment()) app.logger.validationWarning(`${one.name} has no comment of its own`);
    }
  });
}
