import type { IModel } from '../records';

/** Return what can be served: the holder of each stage first, then the newest versions. */
export function choicesOf(models: readonly IModel[]): string[] {
  const held = models.flatMap(model =>
    Object.keys(model.stages)
      .reverse()
      .map(stage => `${model.name}@${stage}`)
  );
  const newest = models
    .filter(model => model.latest !== null)
    .map(model => `${model.name}/${model.latest}`);
  return [...held, ...newest];
}

/** Return the endpoint that a model is served on unless another is named. */
export function endpointOf(model: string): string {
  return model.split(/[@/]/, 1)[0] ?? model;
}
