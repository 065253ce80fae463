import type { IModel, IRun, IStage } from '../records';

/**
 * Candidates that can be offered, by kind.
 */
export interface IOffer {
  /** Metrics of which the best run can be asked for. */
  readonly metrics: readonly string[];
  /** Runs that logged a model, newest first. */
  readonly runs: readonly IRun[];
  readonly models: readonly IModel[];
  readonly stages: readonly IStage[];
}

/**
 * Return what can be promoted: runs that logged a model, their metrics, and models.
 */
export function offerOf(
  stages: readonly IStage[],
  runs: readonly IRun[],
  models: readonly IModel[]
): IOffer {
  const logged = runs.filter(run => run.model_uri);
  const known = new Set(logged.flatMap(run => Object.keys(run.metrics)));
  // The policy says which way is better, so its own metrics are those to go by.
  const asked = stages.flatMap(stage => stage.metric ?? []);
  const metrics = [...new Set(asked)].filter(name => known.has(name));
  return {
    metrics: metrics.length ? metrics : [...known].sort(),
    runs: logged,
    models,
    stages
  };
}

/** Return the candidate that a person most likely means. */
export function firstOf(offer: IOffer): string {
  const [name] = offer.metrics;
  const model = offer.models[0]?.name ?? '';
  return name ? `best:${name}` : (offer.runs[0]?.id ?? model);
}
