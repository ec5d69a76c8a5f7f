import { Selection, type FieldSelection } from './class-metadata.js';
import { compilePlan, type ClassPlan } from './class-plan.js';
import { lineageOf, type ClassFunction } from './class-source.js';
import { storageOf } from './class-transformer.js';
import { DEFAULT_LIMITS, type ValueLimits } from './limits.js';

/** How the values of one session are read and written. Made at boot, since plans are compiled for it. */
export class ValueRules {
  private readonly plans = new WeakMap<ClassFunction, ClassPlan>();
  private readonly selection: Selection;

  /** @param fields the groups and the version that class-transformer's decorators are read for */
  constructor(
    readonly limits: ValueLimits = DEFAULT_LIMITS,
    fields: FieldSelection = {},
  ) {
    this.selection = new Selection(fields);
  }

  /** The plan of a class, compiled at first use: by then all decorators have run. */
  planOf(cls: ClassFunction): ClassPlan {
    let plan = this.plans.get(cls);
    if (plan === undefined) {
      plan = compilePlan(
        cls,
        (other) => this.planOf(other),
        storageOf(lineageOf(cls)),
        this.selection,
      );
      this.plans.set(cls, plan);
    }
    return plan;
  }
}

export const DEFAULT_RULES = new ValueRules();
