/** What the page and the sandboxed frame say to each other. */

/** Page → frame, with one port for the worker. */
export type StartWorker = { readonly pando: "start"; readonly worker: number };
export type EndWorker = { readonly pando: "end"; readonly worker: number };
/** Frame → page: workers can be started. */
export type FrameReady = { readonly pando: "ready" };
/** Frame → page: a worker ended by itself. */
export type WorkerCrashed = { readonly pando: "crashed"; readonly worker: number; readonly text: string };

export type ToFrame = StartWorker | EndWorker;
export type FromFrame = FrameReady | WorkerCrashed;
