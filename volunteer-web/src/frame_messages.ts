/** What the page and the sandboxed frame say to each other. */

/** Page → frame, with one port for the worker. */
export type StartWorker = { readonly pando: "start"; readonly worker: number };
export type EndWorker = { readonly pando: "end"; readonly worker: number };
/** Page → frame: are you there? The frame may have been ready before the page could hear it say so. */
export type AskFrame = { readonly pando: "ask" };
/** Frame → page: workers can be started. */
export type FrameReady = { readonly pando: "ready" };
/** Frame → page: a worker ended by itself. */
export type WorkerCrashed = { readonly pando: "crashed"; readonly worker: number; readonly text: string };

/** Frame → page, of a frame in whose window the function runs: it can be born. */
export type FromPageFrame = FrameReady;

export type ToFrame = AskFrame | StartWorker | EndWorker;
export type FromFrame = FrameReady | WorkerCrashed;
